#include "container/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "container/refusal.hpp"
#include "container/request.hpp"

namespace berth::container {
namespace {

using std::chrono::seconds;

constexpr seconds short_limit{10};
constexpr seconds long_limit{60};  // Creating, starting and removing on a busy disk.
constexpr int newest_minor = 44;   // The API version this is written for; Docker 29 speaks none below.
constexpr int oldest_minor = 24;

/// What the transport says, in terms of the engine.
Error as_engine(const Error& error) {
    if (error.kind != Kind::unavailable) return error;
    return Error(Kind::unavailable, "engine_unavailable",
                 "the container engine does not answer: " + error.user,
                 "check that it runs: berth doctor says more");
}

/// Runs a call and translates what its transport throws.
template <class T>
Task<T> as_engine(Task<T> work) {
    std::optional<Error> failure;
    try {
        co_return co_await std::move(work);
    } catch (const Error& error) {
        failure = as_engine(error);
    }
    throw *failure;
}

int read_minor(std::string_view api) {
    int minor = 0;
    if (api.starts_with("1.")) std::from_chars(api.data() + 2, api.data() + api.size(), minor);
    return minor;
}

}  // namespace

Client::Client(net::Address address, Clock& clock) : clock_(clock), http_(std::move(address), clock) {}

std::string Client::target(std::string_view path) const {
    const int minor = minor_.load();
    return minor == 0 ? std::string(path) : fmt::format("/v1.{}{}", minor, path);
}

Task<json::value> Client::call(std::string method, std::string path, std::string body, Duration limit) {
    net::CallRequest request{.method = std::move(method), .target = target(path), .body = std::move(body)};
    if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    auto work = http_.call(std::move(request), limit);
    const auto response = co_await as_engine(std::move(work));
    // 304: already so.
    if (response.status >= 400) throw to_error(response.status, response.body);
    if (response.status == 204 || response.status == 304 || response.body.empty()) co_return json::value();
    if (response.body == "OK") co_return json::value("OK");
    co_return parse_answer(response.body);
}

Task<std::optional<json::value>> Client::find(std::string path) {
    try {
        co_return co_await call("GET", std::move(path), "", short_limit);
    } catch (const Error& error) {
        if (error.kind != Kind::not_found) throw;
    }
    co_return std::nullopt;
}

Task<std::unique_ptr<net::ByteStream>> Client::open(net::CallRequest request, Duration limit) {
    auto work = http_.open(std::move(request), limit);
    auto opened = co_await as_engine(std::move(work));
    if (opened.stream == nullptr) throw to_error(opened.status, opened.error_body);
    co_return std::move(opened.stream);
}

Task<Version> Client::version() {
    minor_ = 0;
    const auto answer = co_await call("GET", "/version", "", short_limit);
    auto version = read_version(answer);
    const int minor = std::min(read_minor(version.api), newest_minor);
    if (minor < oldest_minor)
        throw Error(Kind::unavailable, "engine_unavailable",
                    fmt::format("the container engine speaks API {}, too old", quoted(version.api)),
                    "install Podman 4.3 or Docker 20.10, or newer");
    minor_ = minor;
    co_return version;
}

Task<SystemReport> Client::info() {
    const auto answer = co_await call("GET", "/info", "", short_limit);
    co_return read_info(answer);
}

Task<std::string> Client::create(ContainerSpec spec) {
    auto body = json::write(render(spec));
    const auto answer =
        co_await call("POST", "/containers/create?name=" + encode(spec.name), std::move(body), long_limit);
    co_return read_id(answer);
}

Task<> Client::start(std::string id) {
    co_await call("POST", "/containers/" + encode(id) + "/start", "", long_limit);
}

Task<> Client::stop(std::string id, Duration grace) {
    const auto whole = std::chrono::ceil<seconds>(grace);
    auto path = fmt::format("/containers/{}/stop?t={}", encode(id), whole.count());
    co_await call("POST", std::move(path), "", whole + long_limit);
}

Task<> Client::pause(std::string id) {
    try {
        co_await call("POST", "/containers/" + encode(id) + "/pause", "", short_limit);
    } catch (const Error& error) {
        if (error.kind != Kind::conflict) throw;
    }
}

Task<> Client::unpause(std::string id) {
    try {
        co_await call("POST", "/containers/" + encode(id) + "/unpause", "", short_limit);
    } catch (const Error& error) {
        if (error.kind != Kind::conflict) throw;
    }
}

Task<> Client::remove(std::string id, bool force) {
    try {
        co_await call("DELETE",
                      fmt::format("/containers/{}?force={}&v=false", encode(id), force ? "true" : "false"),
                      "", long_limit);
    } catch (const Error& error) {
        if (error.kind != Kind::not_found) throw;
    }
}

Task<std::optional<ContainerDetails>> Client::inspect(std::string id_or_name) {
    const auto answer = co_await find("/containers/" + encode(id_or_name) + "/json");
    if (!answer) co_return std::nullopt;
    co_return read_container(*answer);
}

Task<std::vector<ContainerSummary>> Client::list(Labels labels) {
    const auto answer =
        co_await call("GET", "/containers/json?all=true&filters=" + label_filter(labels), "", short_limit);
    co_return read_containers(answer);
}

Task<Stats> Client::stats(std::string id) {
    const auto answer = co_await call(
        "GET", "/containers/" + encode(id) + "/stats?stream=false&one-shot=true", "", short_limit);
    co_return read_stats(answer);
}

Task<> Client::create_network(NetworkSpec spec) {
    auto body = json::write(render(spec));
    co_await call("POST", "/networks/create", std::move(body), long_limit);
}

Task<std::optional<NetworkDetails>> Client::inspect_network(std::string name) {
    const auto answer = co_await find("/networks/" + encode(name));
    if (!answer) co_return std::nullopt;
    co_return read_network(*answer);
}

Task<std::vector<NetworkDetails>> Client::list_networks(Labels labels) {
    const auto answer = co_await call("GET", "/networks?filters=" + label_filter(labels), "", short_limit);
    co_return read_networks(answer);
}

Task<> Client::remove_network(std::string name) {
    try {
        co_await call("DELETE", "/networks/" + encode(name), "", long_limit);
    } catch (const Error& error) {
        if (error.kind != Kind::not_found) throw;
    }
}

Task<VolumeDetails> Client::create_volume(VolumeSpec spec) {
    auto body = json::write(render(spec));
    const auto answer = co_await call("POST", "/volumes/create", std::move(body), long_limit);
    co_return read_volume(answer);
}

Task<std::optional<VolumeDetails>> Client::inspect_volume(std::string name) {
    const auto answer = co_await find("/volumes/" + encode(name));
    if (!answer) co_return std::nullopt;
    co_return read_volume(*answer);
}

Task<std::vector<VolumeDetails>> Client::list_volumes(Labels labels) {
    const auto answer = co_await call("GET", "/volumes?filters=" + label_filter(labels), "", short_limit);
    co_return read_volumes(answer);
}

Task<> Client::remove_volume(std::string name) {
    try {
        co_await call("DELETE", "/volumes/" + encode(name), "", long_limit);
    } catch (const Error& error) {
        if (error.kind != Kind::not_found) throw;
    }
}

Task<std::optional<ImageDetails>> Client::inspect_image(std::string reference) {
    // A reference keeps its slashes in the path.
    std::string path = "/images/";
    for (const char letter : reference) path += letter == '/' ? "/" : encode(std::string_view(&letter, 1));
    const auto answer = co_await find(path + "/json");
    if (!answer) co_return std::nullopt;
    co_return read_image(*answer);
}

Task<> Client::remove_image(std::string reference) {
    std::string path = "/images/";
    for (const char letter : reference) path += letter == '/' ? "/" : encode(std::string_view(&letter, 1));
    try {
        co_await call("DELETE", std::move(path), "", long_limit);
    } catch (const Error& error) {
        if (error.kind != Kind::not_found) throw;
    }
}

}  // namespace berth::container
