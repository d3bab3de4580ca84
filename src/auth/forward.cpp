#include "auth/forward.hpp"

#include <algorithm>

#include "auth/host_cookie.hpp"
#include "net/text.hpp"

namespace berth::auth {
namespace {

constexpr std::size_t host_max = 255;

[[noreturn]] void refuse_header(std::string_view name, std::string_view why) {
    throw Error(Kind::invalid, "invalid_field", std::string(name) + ": " + std::string(why),
                "let the proxy set it to what its client sent");
}

/// The one value of a header that the proxy sets.
std::optional<std::string_view> one(const net::Request& request, std::string_view name) {
    const auto values = net::all_headers(request.headers, name);
    if (values.size() > 1) refuse_header(name, "came twice");
    return values.empty() ? std::nullopt : std::optional(net::trim(values.front()));
}

/// The first of these headers that is there.
std::string_view first_of(const net::Request& request, std::string_view name, std::string_view other) {
    if (const auto value = one(request, name)) return *value;
    return one(request, other).value_or("");
}

bool host_text(std::string_view host) {
    const auto fits = [](char c) {
        c = net::lower(c);
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':' ||
               c == '[' || c == ']';
    };
    return !host.empty() && host.size() <= host_max && std::ranges::all_of(host, fits);
}

/// Splits `https://HOST/path?query`.
void read_url(std::string_view url, std::string_view& host, std::string_view& target) {
    const auto slashes = url.find("://");
    if (slashes == url.npos) refuse_header("X-Original-URL", "expected a whole URL");
    url.remove_prefix(slashes + 3);
    const auto slash = std::min(url.find_first_of("/?"), url.size());
    host = url.substr(0, slash);
    target = url.substr(slash);
}

bool opens_socket(const net::Request& request) {
    return request.header("sec-websocket-key") || request.header("upgrade");
}

/// Whether a page of somebody else's may have made the browser send this. As the gateway judges; without a
/// method whatever changes something is possible.
bool sent_by_other_page(const Origin& origin, const Original& original, const net::Request& request) {
    const bool socket = opens_socket(request);
    const auto& method = original.method;
    if (!socket && (method == "GET" || method == "HEAD" || method == "OPTIONS")) return false;
    const auto origins = net::all_headers(request.headers, "origin");
    if (origins.size() > 1) return true;
    if (origins.empty()) {
        const auto site = request.header("sec-fetch-site").value_or("");
        return socket ||
               !(site.empty() || net::same_word(site, "same-origin") || net::same_word(site, "none"));
    }
    return !net::same_word(origins.front(), (origin.https ? "https://" : "http://") + original.host);
}

/// All cookies but ours, as they came.
std::string cookies_of_others(const Origin& origin, const net::Request& request) {
    const std::string ours[] = {origin.cookie_name, host_cookie_name(origin), host_nonce_name(origin)};
    std::string kept;
    for (std::string_view rest : net::all_headers(request.headers, "cookie")) {
        while (!rest.empty()) {
            const auto pair = net::trim(net::cut_front(rest, ';'));
            auto left = pair;
            const auto name = net::trim(net::cut_front(left, '='));
            const auto is_it = [&](const std::string& own) { return net::same_word(own, name); };
            if (pair.empty() || std::ranges::any_of(ours, is_it)) continue;
            kept.append(kept.empty() ? "" : "; ").append(pair);
        }
    }
    return kept;
}

Verdict denied(std::string why) {
    return {.word = Verdict::Word::no, .why = std::move(why)};
}

/// The caller whom a session host's cookie names, while the sign-in behind it lasts.
std::optional<Caller> find_caller(store::Rows& rows, std::string_view host, const SecretText& cookie,
                                  Time now) {
    const auto key = rows.find_setting(host_cookie_key_setting);
    if (!key) return std::nullopt;
    const auto pass = open_host_cookie(SecretText(*key), host, cookie.reveal(), now);
    if (!pass) return std::nullopt;
    const auto login = rows.find_login(pass->login);
    if (!login || login->user != pass->user || login->expires_at <= now) return std::nullopt;
    const auto user = rows.find_user(pass->user);
    if (!user || !user->active) return std::nullopt;
    return Caller{.user = user->id, .name = user->name, .role = user->role};
}

/// A token in the header that is ours; its scope must let it change something.
Task<std::optional<Caller>> identify_program(store::Store& store, Clock& clock, const Origin& origin,
                                             std::string token) {
    net::Request only;
    only.method = "GET";
    only.headers.emplace_back("Berth-Token", std::move(token));
    std::optional<Identity> identity;
    try {
        identity = co_await identify(store, clock, origin, only);
    } catch (const Error& error) {
        if (error.kind != Kind::unauthenticated && error.kind != Kind::invalid) throw;
    }
    if (!identity || identity->scope == Scope::read) co_return std::nullopt;
    co_return identity->caller;
}

/// The caller with no more than the token lets them do, as the API judges; without a method whatever changes
/// something is possible, and by a socket too.
std::optional<Caller> within_scope(const Identity& identity, const Original& original,
                                   const net::Request& request) {
    auto caller = identity.caller;
    if (identity.by_cookie()) return caller;
    const bool looks = (original.method == "GET" || original.method == "HEAD") && !opens_socket(request);
    if (identity.scope == Scope::read && !looks) return std::nullopt;
    if (identity.scope != Scope::admin) caller.role = Role::user;
    return caller;
}

Task<Verdict> verify_platform(store::Store& store, Clock& clock, Origin origin, Original original,
                              const net::Request& request) {
    std::optional<Identity> identity;
    std::string trouble;
    try {
        net::Request proofs = request;
        proofs.local = false;
        // The application's own: a proxy hands it on, and a token of ours in it with it.
        std::erase_if(proofs.headers,
                      [](const auto& header) { return net::same_word(header.first, "authorization"); });
        identity = co_await identify(store, clock, origin, proofs);
    } catch (const Error& error) {
        if (error.kind == Kind::invalid) trouble = error.user;
        if (error.kind != Kind::unauthenticated && error.kind != Kind::invalid) throw;
    }
    if (!trouble.empty()) co_return denied(trouble);
    if (!identity)
        co_return Verdict{.word = Verdict::Word::sign_in,
                          .sign_in = origin.url + "/sign-in?to=" + net::percent_encode(original.target)};
    if (identity->by_cookie() && sent_by_other_page(origin, original, request))
        co_return denied("another page sent this");
    auto caller = within_scope(*identity, original, request);
    if (!caller) co_return denied("this token's scope is read, and that only looks");
    co_return Verdict{.word = Verdict::Word::yes,
                      .caller = std::move(*caller),
                      .cookie = cookies_of_others(origin, request)};
}

Task<Verdict> verify_session(store::Store& store, Clock& clock, Origin origin, Original original,
                             std::string label, const net::Request& request) {
    const auto tokens = net::all_headers(request.headers, "berth-token");
    std::optional<SecretText> cookie;
    std::string trouble;
    try {
        if (tokens.empty()) cookie = cookie_secret(request, host_cookie_name(origin));
    } catch (const Error& error) {
        trouble = error.user;
    }
    if (tokens.size() > 1) trouble = "the request carries two tokens";
    if (!trouble.empty()) co_return denied(trouble);
    std::optional<Caller> program;
    if (!tokens.empty())
        program = co_await identify_program(store, clock, origin, std::string(net::trim(tokens.front())));
    struct Found {
        std::optional<Caller> caller;
        std::optional<Session> session;
    };
    auto read = [=, host = original.host, now = clock.now()](store::Rows& rows) {
        Found found{.caller = program};
        if (cookie) found.caller = find_caller(rows, host, *cookie, now);
        if (found.caller) found.session = find_session_by_label(rows, label);
        return found;
    };
    const auto found = co_await store.read(std::move(read));
    const auto scheme = origin.https ? "https://" : "http://";
    if (!found.caller)
        co_return Verdict{.word = Verdict::Word::sign_in,
                          .sign_in = scheme + original.host + std::string(host_sign_in_path) +
                                     "?to=" + net::percent_encode(original.target)};
    const bool theirs = found.session && found.session->user == found.caller->user &&
                        found.session->status.phase != Phase::gone;
    if (!theirs) co_return denied("there is no session of yours at this address");
    if (cookie && sent_by_other_page(origin, original, request)) co_return denied("another page sent this");
    co_return Verdict{.word = Verdict::Word::yes,
                      .caller = *found.caller,
                      .cookie = cookies_of_others(origin, request),
                      .session = found.session->id};
}

}  // namespace

Original read_original(const net::Request& request) {
    const auto named = one(request, "x-forwarded-host");
    const auto url = one(request, "x-original-url");
    std::string_view host, target;
    if (url) read_url(*url, host, target);
    // A proxy that sets one of them passes on the other as its client invented it.
    if (url && named && !net::same_word(*named, host))
        refuse_header("X-Forwarded-Host", "is not X-Original-URL's");
    if (!url && !named) refuse_header("X-Forwarded-Host", "is missing");
    if (!url) host = *named;
    if (!url) target = first_of(request, "x-forwarded-uri", "x-original-uri");
    if (!host_text(host)) refuse_header("X-Forwarded-Host", "is no host");
    Original original{.host = net::lower(host), .target = std::string(target), .method = {}};
    if (!own_path(original.target)) original.target = "/";
    const auto method = one(request, "x-forwarded-method");
    const auto other = one(request, "x-original-method");
    if (!method || !other || *method == *other) original.method = method.value_or(other.value_or(""));
    return original;
}

Task<Verdict> verify(store::Store& store, Clock& clock, Origin origin, const net::Request& request) {
    auto original = read_original(request);
    const auto authority = std::string_view(origin.url).substr(origin.url.find("//") + 2);
    if (original.host == authority)
        co_return co_await verify_platform(store, clock, origin, std::move(original), request);
    if (const auto label = host_label(origin, original.host)) {
        std::string name(*label);
        co_return co_await verify_session(store, clock, origin, std::move(original), std::move(name),
                                          request);
    }
    co_return denied("no session and no page is served at this host");
}

}  // namespace berth::auth
