#pragma once

#include "gateway/passage.hpp"
#include "net/body.hpp"

/// The steps of one exchange, for `proxy.cpp` only.
namespace berth::gateway {

/// What the steps share. Lives in the frame of `forward`.
struct Carry {
    Passage& passage;
    const OwnCookies& cookies;
    ClientMemory& memory;

    // Of the request, as its views go when its body is read.
    bool head_only = false;   ///< HEAD.
    bool old = false;         ///< HTTP/1.0.
    bool keep = true;         ///< The client wants to go on, and may so far.
    bool may_repeat = false;  ///< The method may be sent twice and the whole body is here.
    bool upgrade = false;     ///< An Upgrade was passed on…
    bool websocket = false;   ///< …to WebSocket.
    net::BodyScanner body;    ///< Of the request.
    std::size_t taken = 0;    ///< Bytes of the inbox that are head and body.
    std::string_view ready;   ///< Body bytes in the inbox.
    std::string pushback;     ///< What was read beyond the body.
    std::string early;        ///< What the application sent behind its 101.
};

/// How far the answer came.
enum class Received {
    whole,      ///< To its end.
    upgraded,   ///< 101: the head is in `memory.head`, nothing was sent to the client yet.
    dead,       ///< The connection ended before a byte came.
    malformed,  ///< No head that we understand; nothing was sent.
    broken,     ///< It ended in the middle: so must the client's connection.
};

/// Reads the answer and sends it to the client, informational ones first.
net::Work<Received> receive_answer(Carry& carry);

/// Sends what comes of the request body; ends when the body does, and when either side or the answer has
/// ended.
net::Work<> send_body(Carry& carry);

/// Writes everything with the limit on a peer that takes nothing. False when it is gone.
net::Work<bool> finish_write(Passage& passage, net::Channel& to, net::Slices slices);

inline constexpr std::string_view line_end = "\r\n";

}  // namespace berth::gateway
