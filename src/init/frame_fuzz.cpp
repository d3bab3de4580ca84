// Everything that reads bytes of a client before anything is done with them: the handshake, the frame
// scanner, the fields and the requests. The corpus beside this file holds one of each kind, and some that are
// wrong.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "init/delivery.hpp"
#include "init/frame.hpp"
#include "init/handshake.hpp"
#include "init/limits.hpp"
#include "init/request.hpp"

namespace {

using namespace berth::init;

void expect(bool holds) {
    if (!holds) __builtin_trap();
}

bool inside(const Request& request, const char* text) {
    return text >= request.text.data() && text <= request.text.data() + frame_max;
}

void check_request(const Frame& frame) {
    static Request request;
    if (read_request(frame, request)) return;
    std::size_t count = 0;
    for (; request.arguments[count] != nullptr; ++count) {
        expect(count < arguments_max && inside(request, request.arguments[count]));
        expect(inside(request, request.arguments[count] + std::strlen(request.arguments[count])));
    }
    expect(frame.kind != 'X' || count > 0);
    for (count = 0; request.variables[count] != nullptr; ++count) {
        expect(count < environment_max && inside(request, request.variables[count]));
        expect(std::strchr(request.variables[count], '=') > request.variables[count]);
    }
    expect(request.id.size() <= id_max);
    expect(request.directory == nullptr || inside(request, request.directory));
}

// Whatever is accepted names one place below the root.
void check_delivery(std::string_view payload) {
    const auto plain = [](std::string_view path) {
        return path.size() > 1 && path.front() == '/' && path.back() != '/' && path.find("//") == path.npos &&
               !path.ends_with("/..") && path.find("/../") == path.npos && path.find('\0') == path.npos;
    };
    if (const auto head = read_file_head(payload)) expect(plain(head->path) && head->mode <= 0777);
    if (const auto head = read_link_head(payload)) expect(plain(head->path) && plain(head->where));
}

// The first byte says how the others are cut; nobody who does not know the key gets through.
void check_handshake(std::string_view bytes) {
    static const Key key;
    const auto pieces = bytes.empty() ? std::size_t{1} : static_cast<std::size_t>(bytes[0] & 31) + 1;
    Handshake handshake(Nonce{});
    for (;;) {
        const auto room = handshake.room();
        expect(room.empty() == (handshake.state() == Handshake::State::wrong));
        const auto count = std::min({room.size(), pieces, bytes.size()});
        if (count == 0) return;
        bytes.copy(room.data(), count);
        bytes.remove_prefix(count);
        expect(handshake.took(count, key) != Handshake::State::proven);
        if (handshake.state() != Handshake::State::proof) continue;
        const auto answer = scan(handshake.answer());
        expect(answer.frame.kind == 'O' && answer.size == handshake.answer().size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check_handshake(bytes);
    for (;;) {
        const auto found = scan(bytes);
        if (found.outcome != Scanned::whole) break;
        const auto& payload = found.frame.payload;
        expect(payload.size() <= frame_max && found.size == header_size + payload.size());
        expect(found.size <= bytes.size() && payload.data() == bytes.data() + header_size);
        // A frame is its own bytes: no more are needed to find it, and with one less it is not there.
        expect(scan(bytes.substr(0, found.size)).frame == found.frame);
        expect(scan(bytes.substr(0, found.size - 1)).outcome == Scanned::partial);
        const auto head = header(found.frame.kind, payload.size());
        expect(std::memcmp(head.data(), bytes.data(), head.size()) == 0);
        check_request(found.frame);
        check_delivery(payload);
        Fields fields(payload);
        (void)read_size(fields);
        bytes.remove_prefix(found.size);
    }
    return 0;
}
