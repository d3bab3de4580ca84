#include "kube/refusal.hpp"

#include <charconv>

#include "net/http_client.hpp"

namespace berth::kube {
namespace {

constexpr std::size_t words_max = 1000;

bool has_cause(const json::value& status, std::string_view reason) {
    const auto* causes = find_at(status, {"details", "causes"});
    if (causes == nullptr || !causes->is_array()) return false;
    for (const auto& cause : causes->get_array())
        if (text_at(cause, {"reason"}) == reason) return true;
    return false;
}

json::value parse_status(std::string_view body) {
    boost::system::error_code ec;
    auto tree = boost::json::parse(body, ec);
    return ec ? json::value() : tree;
}

}  // namespace

json::value parse_answer(std::string_view body) {
    boost::json::parse_options options;
    options.max_depth = 128;
    boost::system::error_code ec;
    auto tree = boost::json::parse(body, ec, {}, options);
    if (ec)
        throw Error(Kind::internal, "cluster_answer",
                    "the API server answered what is not JSON: " + ec.message());
    return tree;
}

const json::value* find_at(const json::value& tree, std::initializer_list<std::string_view> path) {
    const auto* at = &tree;
    for (const auto key : path) {
        const auto* entries = at->if_object();
        at = entries == nullptr ? nullptr : entries->if_contains(key);
        if (at == nullptr) return nullptr;
    }
    return at;
}

std::string text_at(const json::value& tree, std::initializer_list<std::string_view> path) {
    const auto* found = find_at(tree, path);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::int64_t number_at(const json::value& tree, std::initializer_list<std::string_view> path) {
    const auto* found = find_at(tree, path);
    return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

Error to_error(int status, std::string_view body) {
    if (status >= 300 && status < 400)
        return Error(
            Kind::unavailable, "no_api_server",
            "something other than the API server answers: a redirection, status " + std::to_string(status),
            "check the server's address, and what stands between");
    const auto tree = parse_status(body);
    const auto reason = text_at(tree, {"reason"});
    auto words = text_at(tree, {"message"});
    if (words.empty()) words = "the API server answered " + std::to_string(status);
    words = words.substr(0, words_max);
    const auto make = [&](Kind kind, const char* code) { return Error(kind, code, words); };
    if (reason == "AlreadyExists") return make(Kind::conflict, "already_exists");
    if (reason == "Expired" || reason == "Gone" || status == 410) return make(Kind::conflict, "expired");
    if (reason == "Conflict" || status == 409) return make(Kind::conflict, "conflict");
    if (reason == "Unauthorized" || status == 401) return make(Kind::unauthenticated, "unauthenticated");
    if (has_cause(tree, "NamespaceTerminating")) return make(Kind::unavailable, "namespace_ending");
    if (status == 403 && words.find("exceeded quota") != words.npos)
        return make(Kind::too_many, "quota_exceeded");
    // A namespace that is new: what its quota holds has not been counted yet, or its account is not there.
    if (status == 403 && words.find("status unknown for quota") != words.npos)
        return make(Kind::busy, "quota_unknown");
    if (status == 403 && words.find("error looking up service account") != words.npos)
        return make(Kind::busy, "account_missing");
    if (status == 403) return make(Kind::forbidden, "forbidden");
    if (status == 404) return make(Kind::not_found, "not_found");
    if (status == 429) return make(Kind::busy, "throttled");
    if (status >= 500) return make(Kind::unavailable, "cluster_unavailable");
    return make(net::kind_of(status), "invalid");
}

std::optional<Duration> retry_after(std::string_view header, std::string_view body) {
    int seconds = -1;
    std::from_chars(header.data(), header.data() + header.size(), seconds);
    if (seconds < 0 && body.find("retryAfterSeconds") != body.npos)
        seconds = static_cast<int>(number_at(parse_status(body), {"details", "retryAfterSeconds"}));
    if (seconds < 0) return std::nullopt;
    return std::chrono::seconds(seconds);
}

}  // namespace berth::kube
