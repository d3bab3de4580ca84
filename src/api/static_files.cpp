#include "api/static_files.hpp"

namespace berth::api {
namespace {

bool accepts(const net::Request& request, std::string_view header, std::string_view word) {
    return request.header(header).value_or("").find(word) != std::string_view::npos;
}

/// Paths of programs: a page there would only hide a mistake.
bool is_for_programs(std::string_view path) {
    return path == "/api" || path.starts_with("/api/") || path.starts_with("/auth/") ||
           path.starts_with("/.berth/");
}

bool set(net::Response& response, std::string_view name) {
    return net::find_header(response.headers, name).has_value();
}

void add(net::Response& response, std::string name, std::string text) {
    if (!set(response, name)) response.headers.emplace_back(std::move(name), std::move(text));
}

net::Response file_response(const File& file, const net::Request& request) {
    net::Response response;
    response.headers = {
        {"Content-Type", std::string(file.type)},
        {"ETag", std::string(file.etag)},
        {"Vary", "Accept-Encoding"},
        {"Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache"}};
    if (accepts(request, "If-None-Match", file.etag)) {
        response.status = 304;
    } else if (!file.brotli.empty() && accepts(request, "Accept-Encoding", "br")) {
        response.headers.emplace_back("Content-Encoding", "br");
        response.body = file.brotli;
    } else if (!file.gzip.empty() && accepts(request, "Accept-Encoding", "gzip")) {
        response.headers.emplace_back("Content-Encoding", "gzip");
        response.body = file.gzip;
    } else {
        response.body = file.bytes;
    }
    return response;
}

}  // namespace

bool wants_page(const net::Request& request) {
    return accepts(request, "Accept", "text/html");
}

std::optional<net::Response> answer_file(const Files& files, const auth::Origin& origin,
                                         const net::Request& request) {
    if (is_for_programs(request.path)) return std::nullopt;
    if (const auto* file = request.path == "/" ? nullptr : files.find(request.path))
        return file_response(*file, request);
    // The first address is a page whoever asks: load balancers look at it without saying what they take.
    if (!wants_page(request) && request.path != "/") return std::nullopt;
    // At another name of this machine (127.0.0.1) a sign-in would be worth nothing.
    const auto host = std::string_view(origin.url).substr(origin.url.find("//") + 2);
    if (!request.local && request.host != host) {
        net::Response elsewhere{.status = 302};
        elsewhere.headers.emplace_back("Location", origin.url + request.target);
        return elsewhere;
    }
    const auto* page = files.find("/index.html");
    if (page == nullptr) return std::nullopt;
    return file_response(*page, request);
}

std::string content_security_policy(const auth::Origin& origin) {
    const auto host = origin.url.substr(origin.url.find("://") + 3);
    const std::string socket = (origin.https ? "wss://" : "ws://") + host;
    return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
           "'self' " +
           socket + "; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
}

void add_safety_headers(net::Response& response, const auth::Origin& origin) {
    if (response.websocket) return;
    add(response, "Content-Security-Policy", content_security_policy(origin));
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "Referrer-Policy", "same-origin");
    add(response, "Cross-Origin-Opener-Policy", "same-origin");
    add(response, "Cross-Origin-Resource-Policy", "same-origin");
    if (origin.https) add(response, "Strict-Transport-Security", "max-age=31536000");
}

}  // namespace berth::api
