#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <functional>
#include <optional>
#include <string>

#include "base/secret_text.hpp"
#include "base/task.hpp"
#include "engine/init_wire.hpp"

namespace berth::engine {

/// A connection to process 1 itself.
using ControlSocket = asio::generic::stream_protocol::socket;

/// A way to the process 1 of one component (`src/init`).
///
/// `connect` gives a new connected stream socket each time; any loop may call it, on whose executor the
/// socket is made. What it throws as `Error` counts as `not_running`.
///
/// With a key, 32 to 4096 bytes, each connection begins with a handshake in which both sides prove that they
/// know it, and `dial` gets its stream over the same connection. Without one the connection is trusted as it
/// is, and has to be a Unix socket of this machine: `dial` gets a descriptor.
struct InitDoor {
    std::function<Task<ControlSocket>()> connect;
    std::optional<SecretText> key = {};
};

/// The Unix socket of a component on this machine. Who listens there has to be process 1: the given process
/// when its number on this machine is known.
InitDoor unix_door(std::string path, std::optional<int> process = {});

/// The TCP port of a component that runs elsewhere, under a name or an address.
InitDoor tcp_door(std::string host, int port, SecretText key);

/// Connects, proves ourselves where there is a key, and sends the one request of the connection. The other
/// side has proven itself before it gets a byte of that.
///
/// Throws `unavailable` (`not_running`) when nobody is there, or somebody who does not know the key.
Task<ControlSocket> ask(InitDoor door, std::string request);

/// The next frame of a conversation; `frames` keeps what came behind it. Throws `unavailable` (`not_running`)
/// at its end.
Task<InitFrame> read_frame(ControlSocket& socket, InitFrames& frames);

/// The frame that answers a request: O or E.
Task<InitFrame> read_answer(ControlSocket& socket, InitFrames& frames);

}  // namespace berth::engine
