#pragma once

#include "api/call.hpp"
#include "api/feed.hpp"
#include "api/services.hpp"

/// What every WebSocket of the API has in common: it ends with its sign-in, and says why it ends.
namespace berth::api {

/// An open socket and who opened it.
struct Socket {
    net::WebSocket& wire;
    std::shared_ptr<Listener> listener;
    Services& services;
};

/// Joins the feed, with room for `queue_max` events (0: none), on the loop that this runs on.
Task<std::shared_ptr<Listener>> join(Services& services, auth::Identity identity, bool all,
                                     std::size_t queue_max);

/// Runs `tasks` until the first ends or the sign-in does. Closes with 4401 in that case, and with 4000 +
/// status after a `problem` message when a task failed with an `Error`; otherwise whoever ended it has
/// closed.
Task<> run_socket(Socket socket, std::vector<Task<>> tasks);

/// The upgrade that runs `work`. What it throws is told in a `problem` message, and the socket closed with
/// 4000 + status: a page cannot read the answer to an upgrade that failed.
Upgrade upgrade(std::function<Task<>(net::WebSocket&)> work);

/// One JSON text message.
Task<> send(net::WebSocket& wire, json::object message);

/// The object in a text message; nothing when it is none.
std::optional<json::object> object_in(const net::Message& message);
/// A whole number at `key`, or `fallback`.
int number_in(const json::object& message, std::string_view key, int fallback);

/// Tells why and closes: `problem`, then 4000 + status.
Task<> refuse(net::WebSocket& wire, const Error& error);

}  // namespace berth::api
