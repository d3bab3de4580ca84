#include "api/api.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>

#include "acts/rows.hpp"
#include "api/problem.hpp"
#include "api/routes.hpp"
#include "api/socket.hpp"
#include "api/static_files.hpp"
#include "base/log.hpp"
#include "crypto/random.hpp"

namespace berth::api {
namespace {

using Shared = std::shared_ptr<const net::Request>;

bool is_upgrade(const net::Request& request) {
    const auto wanted = request.header("Upgrade");
    return wanted && wanted->size() == 9 && (wanted->front() == 'w' || wanted->front() == 'W');
}

/// Whether the row opens a WebSocket: what its signature says.
bool opens_socket(const Route& route) {
    Schemas schemas;
    return route.operation.describe(schemas).upgrade;
}

/// Who asks. A proof that is wrong is as good as none where anyone may call: whoever signs in has often an
/// old cookie.
Task<std::optional<auth::Identity>> identify(Services& services, const Route& route, Shared request) {
    std::optional<auth::Identity> identity;
    std::exception_ptr failure;
    try {
        identity = co_await auth::identify(services.store, services.clock, services.origin, *request);
    } catch (const Error& error) {
        if (route.access != Access::anyone || error.kind != Kind::unauthenticated)
            failure = std::current_exception();
    }
    if (failure) std::rethrow_exception(failure);
    co_return identity;
}

void require_rate(Services& services, const std::optional<auth::Identity>& identity,
                  const net::Request& request) {
    if (request.local) return;
    const auto client = identity ? "user " + identity->caller.user.text : "from " + request.remote;
    if (const auto wait = services.buckets.take(client, services.now()))
        throw Error(Kind::too_many, "too_many_requests", "you sent too many requests at once",
                    "try again in " + to_string(*wait));
}

/// Only a proxy of ours says of a request what it was. It brings everybody's, so no count of it is anybody's.
void require_proxy(Services& services, const net::Request& request) {
    if (request.by_proxy) return;
    require_rate(services, std::nullopt, request);
    throw Error(Kind::forbidden, "untrusted_proxy",
                "only a proxy of this Berth may ask this, and " + quoted(request.remote) + " is none",
                "add its address to trustedProxies");
}

/// What lets somebody do what their token does not. A token of scope admin is for administrators only; others
/// do such things where they sign in by name.
std::string way_around(auth::Scope wanted, const Caller& caller) {
    if (wanted == auth::Scope::admin && !caller.admin()) return "do it in the web page, signed in by name";
    return "make a token of scope " + json::enum_name(wanted);
}

void require_access(const Route& route, const std::optional<auth::Identity>& identity) {
    if (route.access == Access::anyone) return;
    if (!identity) throw Error(Kind::unauthenticated, "unauthenticated", "you are not signed in", "sign in");
    if (route.access == Access::admin && !identity->caller.admin())
        throw Error(Kind::forbidden, "forbidden", "only an administrator may do this",
                    "ask an administrator");
    if (!identity->token.empty() && identity->scope < route.scope)
        throw Error(Kind::forbidden, "forbidden",
                    "this token's scope is " + json::enum_name(identity->scope) + ", and this needs " +
                        json::enum_name(route.scope),
                    way_around(route.scope, identity->caller));
}

void require_origin(const Services& services, const Route& route,
                    const std::optional<auth::Identity>& identity, const net::Request& request, bool socket) {
    const bool changes = route.method != Method::get;
    if (identity && identity->by_cookie() && (changes || socket))
        auth::require_own_origin(services.origin, *identity, request);
}

Error wrong_method(const Match& match) {
    std::string allowed;
    for (const auto& method : match.allowed) allowed += (allowed.empty() ? "" : ", ") + method;
    return Error(Kind::invalid, "method_not_allowed", "this address does not take that method",
                 "use " + allowed);
}

/// Everything between the row and its operation.
Task<net::Response> call_route(Services& services, Match match, Shared request, bool socket) {
    const auto& route = *match.route;
    if (request->body.size() > services.limits.body_max)
        throw Error(Kind::invalid, "too_large",
                    "the body is larger than " +
                        to_string(Bytes{static_cast<std::int64_t>(services.limits.body_max)}));
    Call call{.services = &services, .request = request, .route = &route, .path = std::move(match.path)};
    if (route.access == Access::proxy) {
        require_proxy(services, *request);
        co_return co_await route.operation.run(std::move(call));
    }
    call.identity = co_await identify(services, route, request);
    require_rate(services, call.identity, *request);
    require_origin(services, route, call.identity, *request, socket);
    require_access(route, call.identity);
    if (socket && !is_upgrade(*request))
        throw Error(Kind::invalid, "upgrade_required", "this address speaks WebSocket",
                    "connect with a WebSocket");
    co_return co_await route.operation.run(std::move(call));
}

/// A page cannot read the answer to a failed upgrade: it is let in, told why, and shown out. Only our own
/// page is.
net::Response refuse_on_socket(const Error& error) {
    net::Response response;
    response.status = 101;
    response.websocket = [error](net::WebSocket& wire) { return refuse(wire, error); };
    return response;
}

Error internal_error(const std::exception& error, const net::Request& request) {
    log::error("request failed", {{"request", request.id}, {"path", request.path}, {"error", error.what()}});
    return Error(Kind::internal, "internal", "something went wrong inside Berth",
                 "try again; if it stays, give request " + request.id + " to an administrator");
}

Task<net::Response> guarded(Services& services, Match match, Shared request) {
    const bool socket = opens_socket(*match.route);
    std::optional<Error> failure;
    try {
        co_return co_await call_route(services, std::move(match), request, socket);
    } catch (const Error& error) {
        if (error.kind == Kind::internal)
            log::error("request failed",
                       {{"request", request->id}, {"path", request->path}, {"error", error.what()}});
        failure.emplace(error);
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        failure.emplace(internal_error(error, *request));
    } catch (const std::exception& error) {
        failure.emplace(internal_error(error, *request));
    }
    const bool own_page = request->header("Origin") == std::string_view(services.origin.url);
    if (socket && own_page && is_upgrade(*request) && failure->code != "origin_refused")
        co_return refuse_on_socket(*failure);
    co_return problem_response(*failure, request->id);
}

net::Response answer_unrouted(const Services& services, const Match& match, const net::Request& request) {
    const bool looks = request.method == "GET" || request.method == "HEAD";
    if (!match.allowed.empty()) {
        auto response = problem_response(wrong_method(match), request.id);
        std::string allowed;
        for (const auto& method : match.allowed) allowed += (allowed.empty() ? "" : ", ") + method;
        response.headers.emplace_back("Allow", allowed);
        return response;
    }
    if (looks && services.files != nullptr)
        if (auto file = answer_file(*services.files, services.origin, request)) return std::move(*file);
    return problem_response(acts::no_such("address"), request.id);
}

Task<net::Response> answer_here(Services& services, Shared request) {
    const auto began = std::chrono::steady_clock::now();
    auto match = find_route(request->method, request->path);
    const auto* route = match.route;
    net::Response response;
    if (route == nullptr)
        response = answer_unrouted(services, match, *request);
    else
        response = co_await guarded(services, std::move(match), request);
    add_safety_headers(response, services.origin);
    if (request->method == "HEAD") {
        response.body.clear();
        response.stream = nullptr;
    }
    if (route != nullptr && !response.websocket) {
        const Metrics::Labels labels{{"route", std::string(route->pattern)},
                                     {"method", method_name(route->method)},
                                     {"status", std::to_string(response.status)}};
        const auto took = std::chrono::steady_clock::now() - began;
        services.metrics
            ->seconds("berth_http_request_seconds", "Requests by route, until their answer", labels)
            .Observe(std::chrono::duration<double>(took).count());
    }
    co_return response;
}

}  // namespace

Api::Api(Dependencies dependencies) : services_(std::make_unique<Services>(std::move(dependencies))) {}

Api::~Api() = default;

bool Api::streams(std::string_view method, std::string_view path) {
    return takes_stream(method, path);
}

Task<net::Response> Api::answer(net::Request request) {
    if (request.id.empty()) request.id = crypto::new_id("req");
    auto shared = std::make_shared<const net::Request>(std::move(request));
    const auto executor = co_await asio::this_coro::executor;
    auto work = answer_here(*services_, std::move(shared));
    if (executor == services_->executor) co_return co_await std::move(work);
    co_return co_await asio::co_spawn(services_->executor, std::move(work), asio::use_awaitable);
}

}  // namespace berth::api
