#include "cli/client.hpp"

#include <fmt/format.h>

#include "cli/views.hpp"

namespace berth::cli {
namespace {

constexpr Duration call_limit = std::chrono::seconds(30);
constexpr Duration upload_limit = std::chrono::hours(1);
constexpr std::string_view prefix = "/api/v1";

bool on_this_machine(std::string_view host) {
    return host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "::1" ||
           host == "[::1]";
}

std::string_view host_of(std::string_view url) {
    if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    const auto host = url.substr(0, url.find_first_of("/?#"));
    if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
    return host.substr(0, host.find(':'));
}

net::Address address_of(const Server& server) {
    if (server.socket.empty()) return net::parse_url(server.url).first;
    net::Address address;
    address.unix_path = server.socket;
    return address;
}

json::value read_answer(const net::CallResponse& answer, const std::string& where) {
    if (answer.status >= 300) throw read_problem(answer.status, answer.body, where);
    if (answer.body.empty()) return nullptr;
    try {
        return json::parse(answer.body);
    } catch (const Error&) {
        throw Error(Kind::internal, "not_berth", fmt::format("what answers at {} is not a Berth", where),
                    "check the address, or give another one with --url");
    }
}

/// What a failure to reach the server at all means to a person.
Error away(const Server& server, const Error& error) {
    if (error.code == "timed_out")
        return Error(Kind::unavailable, "timed_out",
                     fmt::format("{} does not answer: {}", server.where(), error.user),
                     "try again in a moment");
    const bool here = !server.socket.empty() || on_this_machine(host_of(server.url));
    const std::string_view why = error.what();
    const bool absent = why.find("refused") != why.npos || why.find("No such file") != why.npos;
    return Error(
        Kind::unavailable, "no_server",
        fmt::format("no Berth answers at {}{}", server.where(), absent ? "" : ": " + error.user),
        here ? "start one with: berth up" : "check the address, or use another one: berth login URL");
}

}  // namespace

std::string tidy_url(std::string_view url) {
    std::string text(url);
    if (text.find("://") == std::string::npos)
        text = (on_this_machine(host_of(url)) ? "http://" : "https://") + text;
    while (text.ends_with('/')) text.pop_back();
    try {
        const auto target = net::parse_url(text).second;
        if (target != "/" && !target.empty())
            throw Error(Kind::invalid, "bad_url", "a path does not belong there");
    } catch (const Error& error) {
        throw Error(Kind::invalid, "bad_url", fmt::format("{}: {}", berth::quoted(url), error.user),
                    "write it as http://localhost:8080");
    }
    return text;
}

Client::Client(Server server)
    : server_(std::move(server)), http_(std::make_unique<net::HttpClient>(address_of(server_), clock_)) {}

Client::~Client() = default;

net::CallRequest Client::request(std::string method, std::string target) const {
    net::CallRequest made;
    made.method = std::move(method);
    made.target = std::move(target);
    made.headers.emplace_back("User-Agent", "berth/" BERTH_VERSION);
    if (!server_.token.empty()) made.headers.emplace_back("Authorization", "Bearer " + server_.token);
    return made;
}

void Client::fail(const Error& error) const {
    if (error.kind == Kind::unauthenticated && !server_.socket.empty())
        throw Error(error.kind, error.code,
                    fmt::format("nobody administers the Berth at {} yet", server_.socket),
                    "use the link that it printed, or another that berth up prints: berth login LINK");
    if (error.kind == Kind::unauthenticated && error.code != "wrong_credentials") {
        const auto* const what =
            server_.token.empty() ? "not signed in at {}" : "the token for {} is wrong or has expired";
        throw Error(error.kind, error.code, fmt::format(fmt::runtime(what), server_.where()),
                    "sign in with: berth login " + server_.url);
    }
    throw error;
}

Task<net::CallResponse> Client::exchange(net::CallRequest request) {
    auto call = http_->call(std::move(request), call_limit);
    try {
        co_return co_await std::move(call);
    } catch (const Error& error) {
        if (error.kind == Kind::unavailable) throw away(server_, error);
        throw;
    }
}

Task<json::value> Client::ask(std::string method, std::string path, json::value body) {
    auto call = request(std::move(method), std::string(prefix) + path);
    call.headers.emplace_back("Accept", "application/json");
    if (!body.is_null()) {
        call.headers.emplace_back("Content-Type", "application/json");
        call.body = json::write(body);
    }
    const auto answer = co_await exchange(std::move(call));
    try {
        co_return read_answer(answer, server_.where());
    } catch (const Error& error) {
        fail(error);
    }
}

Task<json::value> Client::send_file(std::string path, std::string content) {
    auto call = request("PUT", std::string(prefix) + path);
    call.headers.emplace_back("Accept", "application/json");
    call.headers.emplace_back("Content-Type", "application/octet-stream");
    call.body = std::move(content);
    auto sending = http_->call(std::move(call), upload_limit);
    net::CallResponse answer;
    try {
        answer = co_await std::move(sending);
    } catch (const Error& error) {
        if (error.kind == Kind::unavailable) throw away(server_, error);
        throw;
    }
    try {
        co_return read_answer(answer, server_.where());
    } catch (const Error& error) {
        fail(error);
    }
}

Task<std::unique_ptr<net::ByteStream>> Client::open(std::string path) {
    auto call = request("GET", std::string(prefix) + path);
    auto opening = http_->open(std::move(call), call_limit);
    net::OpenedStream opened;
    try {
        opened = co_await std::move(opening);
    } catch (const Error& error) {
        if (error.kind == Kind::unavailable) throw away(server_, error);
        throw;
    }
    if (opened.status >= 300) fail(read_problem(opened.status, opened.error_body, server_.where()));
    co_return std::move(opened.stream);
}

Task<std::unique_ptr<net::WebSocket>> Client::websocket(std::string path) {
    auto call = request("GET", std::string(prefix) + path);
    auto opening = http_->websocket(std::move(call), call_limit);
    try {
        co_return co_await std::move(opening);
    } catch (const Error& error) {
        fail(error);
    }
}

json::value Client::list(const std::string& path, std::size_t most) {
    json::array items;
    std::optional<json::value> total;
    std::string cursor;
    do {
        auto target = path + (path.find('?') == std::string::npos ? "?" : "&") + "limit=100";
        if (!cursor.empty()) target += "&cursor=" + net::percent_encode(cursor);
        const auto page = get(target);
        const auto* entries = page.if_object();
        const auto* found = entries == nullptr ? nullptr : entries->if_contains("items");
        if (found == nullptr || !found->is_array())
            throw Error(Kind::internal, "not_berth",
                        fmt::format("{}: expected a list of {}", server_.where(), path));
        for (const auto& item : found->get_array())
            if (items.size() < most) items.push_back(item);
        if (const auto* count = entries->if_contains("total")) total = *count;
        cursor = text_at(page, "next");
    } while (!cursor.empty() && items.size() < most);
    json::object all;
    all.emplace("items", std::move(items));
    if (total) all.emplace("total", *total);
    return all;
}

Error read_problem(int status, const std::string& body, const std::string& where) {
    try {
        const auto tree = json::parse(body);
        if (const auto* entries = tree.if_object(); entries != nullptr && entries->contains("code")) {
            auto detail = text_at(tree, "detail");
            if (detail.empty()) detail = text_at(tree, "title");
            auto next = text_at(tree, "next");
            if (next.empty() && status >= 500)
                next = "give this to who runs it: request " + text_at(tree, "requestId");
            return Error(net::kind_of(status), text_at(tree, "code"), detail, next);
        }
    } catch (const Error&) {  // Not a problem document: said below.
    }
    return Error(net::kind_of(status), "not_berth",
                 fmt::format("{} answered {}, not as a Berth does", where, status),
                 "check the address, or give another one with --url");
}

std::string segment(std::string_view name) {
    return net::percent_encode(name);
}

}  // namespace berth::cli
