#include "api/socket.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "api/problem.hpp"
#include "api/race.hpp"
#include "base/log.hpp"

namespace berth::api {
namespace {

Error signed_out() {
    return Error(Kind::unauthenticated, "unauthenticated", "you are not signed in any more", "sign in again");
}

/// Whether what the identity was proved by still stands.
bool stands(store::Rows& rows, const auth::Identity& identity) {
    const auto& caller = identity.caller;
    const auto user = rows.find_user(caller.user);
    if (!user || !user->active || user->role != caller.role) return false;
    if (!identity.login.empty()) return rows.find_login(identity.login).has_value();
    if (identity.token.empty()) return true;
    const auto tokens = rows.list_tokens(caller.user);
    return std::any_of(tokens.begin(), tokens.end(),
                       [&](const auto& token) { return token.id == identity.token; });
}

/// Ends, by throwing, when the sign-in is over: revoked or expired.
Task<> watch_ending(std::shared_ptr<Listener> listener) {
    co_await listener->ended();
    throw signed_out();
}

Task<> watch_expiry(Clock& clock, Time expires_at) {
    co_await clock.sleep_until(expires_at);
    throw signed_out();
}

Error as_error(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const Error& error) {
        return error;
    } catch (const std::exception& error) {
        log::warning("a socket failed", {{"error", error.what()}});
        return Error(Kind::unavailable, "connection_lost", "the connection broke", "open it again");
    }
}

Task<> run_guarded(std::function<Task<>(net::WebSocket&)> work, net::WebSocket& wire) {
    std::exception_ptr failure;
    try {
        co_await work(wire);
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        failure = std::current_exception();
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) co_await refuse(wire, as_error(failure));
}

}  // namespace

Upgrade upgrade(std::function<Task<>(net::WebSocket&)> work) {
    return {[work = std::move(work)](net::WebSocket& wire) { return run_guarded(work, wire); }};
}

Task<std::shared_ptr<Listener>> join(Services& services, auth::Identity identity, bool all,
                                     std::size_t queue_max) {
    auto executor = co_await asio::this_coro::executor;
    auto listener = services.feed->join(identity, all, executor, queue_max, services.limits.sockets_per_user);
    // What ended between the request's own check and now, no event will tell.
    auto read = [identity](store::Rows& rows) { return stands(rows, identity); };
    if (!co_await services.store.read(std::move(read))) throw signed_out();
    co_return listener;
}

Task<> run_socket(Socket socket, std::vector<Task<>> tasks) {
    tasks.push_back(watch_ending(socket.listener));
    if (const auto expires_at = socket.listener->identity().expires_at)
        tasks.push_back(watch_expiry(socket.services.clock, *expires_at));
    co_await until_first(std::move(tasks));
}

Task<> send(net::WebSocket& wire, json::object message) {
    net::Message text{.text = true, .bytes = json::write(message)};
    co_await wire.write(std::move(text));
}

std::optional<json::object> object_in(const net::Message& message) {
    try {
        auto tree = json::parse(message.bytes);
        if (auto* object = tree.if_object()) return std::move(*object);
    } catch (const Error&) {
        // What is not JSON is none of our messages.
    }
    return std::nullopt;
}

int number_in(const json::object& message, std::string_view key, int fallback) {
    const auto* found = message.if_contains(key);
    boost::system::error_code ec;
    const int number = found == nullptr ? fallback : found->to_number<int>(ec);
    return ec ? fallback : number;
}

Task<> refuse(net::WebSocket& wire, const Error& error) {
    json::object problem{{"type", "problem"}, {"code", error.code}, {"detail", error.user}};
    if (!error.next.empty()) problem["next"] = error.next;
    const int code = close_code_of(error);
    const std::string reason = error.code;
    try {
        co_await send(wire, std::move(problem));
        co_await wire.close(code, reason);
    } catch (const std::exception&) {
        // Whoever cannot hear why has gone already.
    }
}

}  // namespace berth::api
