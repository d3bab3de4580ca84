#include "auth/forward.hpp"

#include <algorithm>

#include "api/operations.hpp"
#include "api/services.hpp"
#include "api/static_files.hpp"

namespace berth::api {
namespace {

/// A name may hold any character that a person's name has: what is no visible ASCII goes percent-encoded.
std::string as_header(const std::string& text) {
    const auto plain = [](char c) { return c > 0x20 && c < 0x7F && c != '%'; };
    return std::ranges::all_of(text, plain) ? text : net::percent_encode(text);
}

}  // namespace

Task<Text> verify(Call call, Params<view::VerifyQuery> query) {
    auto& services = *call.services;
    const auto& request = *call.request;
    const auto verdict = co_await auth::verify(services.store, services.clock, services.origin, request);
    Text text;
    auto& response = text.response;
    auto& headers = response.headers;
    headers = {{"Cache-Control", "no-store"}, {"Content-Type", "text/plain; charset=utf-8"}};
    switch (verdict.word) {
        case auth::Verdict::Word::yes:
            headers.emplace_back("X-Berth-User", as_header(verdict.caller.name));
            headers.emplace_back("X-Berth-User-Id", verdict.caller.user.text);
            headers.emplace_back("X-Berth-Role", json::enum_name(verdict.caller.role));
            if (!verdict.session.empty()) headers.emplace_back("X-Berth-Session", verdict.session.text);
            if (!verdict.cookie.empty()) headers.emplace_back("Cookie", verdict.cookie);
            co_return text;
        case auth::Verdict::Word::sign_in:
            headers.emplace_back("X-Berth-Sign-In", verdict.sign_in);
            response.status = 401;
            response.body = "sign in first: " + verdict.sign_in + "\n";
            if (!query.redirect.value_or(false) || !wants_page(request)) co_return text;
            headers.emplace_back("Location", verdict.sign_in);
            response.status = 302;
            co_return text;
        case auth::Verdict::Word::no:
            // Not 404 for what is not there: nginx takes no other answers than 2xx, 401 and 403.
            response.status = 403;
            response.body = verdict.why + "\n";
    }
    co_return text;
}

}  // namespace berth::api
