#include "kube/client.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "kube/refusal.hpp"

namespace berth::kube {
namespace {

constexpr std::size_t answer_max = 32u << 20;  // As a tree it takes several times that.
constexpr Duration pause_most{std::chrono::seconds(10)};
constexpr const char* whole_accept = "application/json";
constexpr const char* table_accept =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
constexpr const char* list_accept =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

bool is_write(const std::string& method) {
    return method != "GET";
}

std::string add_query(std::string path, const std::vector<std::pair<std::string, std::string>>& pairs) {
    char mark = path.find('?') == path.npos ? '?' : '&';
    for (const auto& [name, value] : pairs) {
        if (value.empty()) continue;
        path += fmt::format("{}{}={}", mark, name, net::percent_encode(value));
        mark = '&';
    }
    return path;
}

/// What the transport says, in terms of the cluster.
Error as_cluster(const Error& error, bool write) {
    if (error.kind != Kind::unavailable) return error;
    const bool reached = error.code != "unreachable" && error.code != "tls_refused";
    const bool lost = write && reached && error.code != "no_credentials";
    return Error(Kind::unavailable, lost ? "outcome_unknown" : "cluster_unavailable",
                 "the API server does not answer: " + error.user);
}

}  // namespace

Client::Client(Cluster cluster, ClientOptions options, Clock& clock, asio::any_io_executor executor)
    : cluster_(std::move(cluster)),
      options_(std::move(options)),
      clock_(clock),
      gate_(executor, options_.requests_max),
      renewing_(executor, 1) {}

void Client::close_idle() {
    const std::lock_guard lock(mutex_);
    if (session_.http) session_.http->close_idle();
}

/// New credentials, and with them new connections: a certificate belongs to a connection.
Task<Client::Session> Client::renew() {
    auto proof = co_await prove(cluster_.identity, clock_);
    net::TlsOptions tls{.authorities = cluster_.authorities,
                        .certificate = proof.certificate,
                        .key = proof.key,
                        .server_name = cluster_.server_name};
    if (!cluster_.authorities_file.empty())
        tls.authorities =
            (co_await prove({.certificate_file = cluster_.authorities_file}, clock_)).certificate;
    const std::lock_guard lock(mutex_);
    const bool same = session_.http && proof.certificate == session_.proof.certificate &&
                      tls.authorities == session_.authorities;
    session_.authorities = tls.authorities;
    if (!same) session_.http = std::make_shared<net::HttpClient>(cluster_.address, clock_, std::move(tls));
    session_.proof = std::move(proof);
    ++session_.number;
    co_return session_;
}

void Client::doubt(const Error& error, int number) {
    if (error.code != "tls_refused") return;
    const std::lock_guard lock(mutex_);
    if (session_.number == number) session_.proof.until = clock_.now();
}

std::optional<Client::Session> Client::session_now(int refused) {
    const std::lock_guard lock(mutex_);
    const bool holds = session_.http && session_.number != refused &&
                       (!session_.proof.until || clock_.now() < *session_.proof.until);
    return holds ? std::optional(session_) : std::nullopt;
}

Task<Client::Session> Client::session(int refused) {
    if (auto now = session_now(refused)) co_return std::move(*now);
    const auto pass = co_await renewing_.enter();
    // Whoever was first has made them for all.
    if (auto now = session_now(refused)) co_return std::move(*now);
    co_return co_await renew();
}

void Client::sign(net::CallRequest& request, const Proof& proof) const {
    if (!proof.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + proof.token.reveal());
}

net::CallRequest Client::request(std::string method, std::string path, const json::value* body,
                                 const char* type) const {
    net::CallRequest request{.method = std::move(method), .target = cluster_.path + path};
    request.headers.emplace_back("User-Agent", options_.user_agent);
    if (body == nullptr) return request;
    request.headers.emplace_back("Content-Type", type);
    request.body = json::write(*body);
    return request;
}

Task<net::CallResponse> Client::try_once(net::CallRequest request, int& number) {
    const bool write = is_write(request.method);
    const auto what = request.method + " " + request.target;
    const auto asked = clock_.now();
    std::optional<Error> failure;
    try {
        const auto pass = co_await gate_.enter();
        const auto began = clock_.now();
        auto session = co_await this->session(std::exchange(number, 0));
        number = session.number;
        sign(request, session.proof);
        ++requests_;
        if (write) ++writes_;
        auto response = co_await session.http->call(std::move(request), options_.limit, answer_max);
        // Where a launch lost its time, for whoever looks for it.
        log::debug("the cluster was asked", {{"request", what},
                                             {"status", std::to_string(response.status)},
                                             {"waited_ms", std::to_string((began - asked).count())},
                                             {"took_ms", std::to_string((clock_.now() - began).count())}});
        co_return response;
    } catch (const Error& error) {
        doubt(error, number);
        failure = as_cluster(error, write);
    }
    throw *failure;
}

/// The one place that tries again.
Task<net::CallResponse> Client::exchange(net::CallRequest request, Duration patience) {
    const auto give_up = clock_.now() + patience;
    bool refused = false;
    int number = 0;
    while (true) {
        auto response = co_await try_once(request, number);
        if (response.status < 300) co_return response;
        if (response.status == 401 && !std::exchange(refused, true)) continue;
        number = 0;
        std::optional<Duration> pause;
        if (response.status == 429 || response.status >= 500) {
            const auto header = net::find_header(response.headers, "Retry-After");
            pause = retry_after(header.value_or(""), response.body);
        }
        if (!pause || clock_.now() + *pause >= give_up) throw to_error(response.status, response.body);
        co_await clock_.sleep(std::clamp(*pause, Duration(100), pause_most));
    }
}

Task<json::value> Client::call(net::CallRequest request) {
    return call(std::move(request), options_.patience);
}

Task<json::value> Client::call(net::CallRequest request, Duration patience) {
    const auto response = co_await exchange(std::move(request), patience);
    if (response.body.empty()) co_return json::value();
    co_return parse_answer(response.body);
}

Task<json::value> Client::get_path(std::string path) {
    co_return co_await call(request("GET", std::move(path)));
}

Task<std::optional<json::value>> Client::find(Resource resource, Key key, Detail detail) {
    auto ask = request("GET", path_of(resource, key));
    ask.headers.emplace_back("Accept", detail == Detail::whole ? whole_accept : table_accept);
    try {
        co_return co_await call(std::move(ask));
    } catch (const Error& error) {
        if (error.kind != Kind::not_found) throw;
    }
    co_return std::nullopt;
}

Task<json::value> Client::create(Resource resource, json::object object) {
    object["apiVersion"] = api_version(resource);
    object["kind"] = resource.kind;
    const json::value body(std::move(object));
    const Key key{.namespace_ = text_at(body, {"metadata", "namespace"})};
    co_return co_await call(request("POST", path_of(resource, key), &body));
}

Task<json::value> Client::apply(Resource resource, json::object object, std::string manager,
                                std::string subresource) {
    object["apiVersion"] = api_version(resource);
    object["kind"] = resource.kind;
    const json::value body(std::move(object));
    const Key key{text_at(body, {"metadata", "namespace"}), text_at(body, {"metadata", "name"})};
    auto path = add_query(path_of(resource, key, subresource),
                          {{"fieldManager", std::move(manager)}, {"force", "true"}});
    co_return co_await call(request("PATCH", std::move(path), &body, "application/apply-patch+yaml"));
}

Task<json::value> Client::patch(Resource resource, Key key, json::object change, std::string subresource) {
    const json::value body(std::move(change));
    co_return co_await call(
        request("PATCH", path_of(resource, key, subresource), &body, "application/merge-patch+json"));
}

Task<json::value> Client::replace(Resource resource, json::object object, std::string subresource) {
    object["apiVersion"] = api_version(resource);
    object["kind"] = resource.kind;
    const json::value body(std::move(object));
    const Key key{text_at(body, {"metadata", "namespace"}), text_at(body, {"metadata", "name"})};
    co_return co_await call(request("PUT", path_of(resource, key, subresource), &body));
}

Task<std::optional<json::value>> Client::remove(Resource resource, Key key, Removal removal) {
    json::object options{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
    if (!removal.uid.empty()) options["preconditions"] = json::object{{"uid", removal.uid}};
    if (removal.grace_seconds) options["gracePeriodSeconds"] = *removal.grace_seconds;
    if (removal.background) options["propagationPolicy"] = "Background";
    const json::value body(std::move(options));
    std::optional<json::value> left;
    try {
        left = co_await call(request("DELETE", path_of(resource, key), &body),
                             removal.once ? Duration(0) : options_.patience);
    } catch (const Error& error) {
        if (error.kind != Kind::not_found) throw;
    }
    // What is removed at once comes back as a Status, or as it was last.
    const bool on_its_way = left && find_at(*left, {"metadata", "deletionTimestamp"}) != nullptr &&
                            (number_at(*left, {"metadata", "deletionGracePeriodSeconds"}) > 0 ||
                             find_at(*left, {"metadata", "finalizers"}) != nullptr);
    if (!on_its_way) left.reset();
    co_return left;
}

Task<ObjectPage> Client::list(Resource resource, Selection selection, int limit, std::string from,
                              Detail detail) {
    auto path = add_query(path_of(resource, {.namespace_ = selection.namespace_}),
                          {{"labelSelector", selection.labels},
                           {"fieldSelector", selection.fields},
                           {"limit", std::to_string(limit)},
                           {"continue", std::move(from)}});
    auto ask = request("GET", std::move(path));
    ask.headers.emplace_back("Accept", detail == Detail::whole ? whole_accept : list_accept);
    auto answer = co_await call(std::move(ask));
    ObjectPage page{.version = text_at(answer, {"metadata", "resourceVersion"}),
                    .next = text_at(answer, {"metadata", "continue"})};
    auto* entries = answer.if_object();
    if (auto* items = entries == nullptr ? nullptr : entries->if_contains("items");
        items != nullptr && items->is_array())
        for (auto& item : items->get_array()) page.items.push_back(std::move(item));
    co_return page;
}

Task<std::unique_ptr<net::ByteStream>> Client::watch(Resource resource, Selection selection,
                                                     std::string version, Duration length, Detail detail) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(length).count();
    auto path = add_query(path_of(resource, {.namespace_ = selection.namespace_}),
                          {{"watch", "1"},
                           {"allowWatchBookmarks", "true"},
                           {"labelSelector", selection.labels},
                           {"fieldSelector", selection.fields},
                           {"resourceVersion", std::move(version)},
                           {"timeoutSeconds", std::to_string(seconds)}});
    auto ask = request("GET", std::move(path));
    ask.headers.emplace_back("Accept", detail == Detail::whole ? whole_accept : table_accept);
    co_return co_await open(std::move(ask));
}

Task<std::unique_ptr<net::ByteStream>> Client::open(Resource resource, Key key, std::string subresource,
                                                    std::string query) {
    auto ask = request("GET", path_of(resource, key, subresource) + "?" + query);
    co_return co_await open(std::move(ask));
}

Task<std::unique_ptr<net::ByteStream>> Client::open(net::CallRequest ask) {
    int number = 0;
    for (const bool refused : {false, true}) {
        auto session = co_await this->session(number);
        number = session.number;
        auto signed_ask = ask;
        sign(signed_ask, session.proof);
        ++requests_;
        net::OpenedStream opened;
        try {
            opened = co_await session.http->open(std::move(signed_ask), options_.limit);
        } catch (const Error& error) {
            doubt(error, number);
            throw;
        }
        if (opened.stream && opened.status < 300) co_return std::move(opened.stream);
        if (opened.status != 401 || refused) throw to_error(opened.status, opened.error_body);
    }
    throw Error(Kind::internal, "internal", "not reached");
}

Task<std::unique_ptr<net::WebSocket>> Client::websocket(Resource resource, Key key, std::string subresource,
                                                        std::string query, std::string protocol) {
    auto ask = request("GET", path_of(resource, key, subresource) + "?" + query);
    ask.headers.emplace_back("Sec-WebSocket-Protocol", protocol);
    bool refused = false;
    int number = 0;
    while (true) {
        auto session = co_await this->session(number);
        number = session.number;
        auto signed_ask = ask;
        sign(signed_ask, session.proof);
        ++requests_;
        try {
            co_return co_await session.http->websocket(std::move(signed_ask), options_.limit);
        } catch (const Error& error) {
            if (error.kind != Kind::unauthenticated || refused) throw;
        }
        refused = true;
    }
}

}  // namespace berth::kube
