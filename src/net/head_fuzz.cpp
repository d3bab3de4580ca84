#include "net/head.hpp"

#include <cstdlib>
#include <string>

#include "net/body.hpp"

namespace berth::net {
namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

bool within(std::string_view inner, std::string_view outer) {
    return inner.empty() ||
           (inner.data() >= outer.data() && inner.data() + inner.size() <= outer.data() + outer.size());
}

/// What holds of every head that was accepted.
template <class Head>
void check(const Head& head, std::string_view bytes) {
    int lengths = 0, codings = 0;
    for (const auto& field : head.fields) {
        require(within(field.name, bytes) && within(field.value, bytes) && !field.name.empty());
        for (const char c : field.name) require(token_char(c));
        for (const char c : field.value)
            require(c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F));
        lengths += field.id == Name::content_length;
        codings += field.id == Name::transfer_encoding;
    }
    require(lengths + codings <= 1);
}

std::size_t find_in_pieces(std::string_view bytes, std::size_t piece, HeadProblem& problem) {
    HeadFinder finder(HeadLimits{.line_max = 256, .head_max = 2048, .fields_max = 20});
    for (std::size_t have = std::min(piece, bytes.size());; have = std::min(have + piece, bytes.size())) {
        const auto size = finder.look(bytes.substr(0, have), problem);
        if (size > 0 || problem || have == bytes.size()) return size;
    }
}

struct Read {
    std::string content, forwarded;
    bool ended = false, bad = false;
    bool operator==(const Read&) const = default;
};

Read read_body(std::string_view bytes, std::size_t piece) {
    BodyScanner scanner(Framing::chunked, 0);
    Read read;
    for (std::size_t at = 0; at < bytes.size() && !scanner.ended() && !scanner.bad();) {
        const auto in = bytes.substr(at, piece);
        const auto step = scanner.advance(in, [&](std::string_view content) { read.content += content; });
        require(step.forward <= step.consumed && step.consumed <= in.size() && step.consumed > 0);
        read.forwarded += in.substr(0, step.forward);
        at += step.consumed;
    }
    read.ended = scanner.ended();
    read.bad = scanner.bad();
    return read;
}

void try_heads(std::string_view bytes, std::size_t piece) {
    HeadProblem at_once, in_pieces;
    const auto size = find_in_pieces(bytes, bytes.size() + 1, at_once);
    // Limits are noticed earlier or later, but never a head in one way and not in the other.
    const auto again = find_in_pieces(bytes, piece, in_pieces);
    require(size == again || at_once || in_pieces);
    if (size == 0 || at_once) return;
    const auto head_bytes = bytes.substr(0, size);
    RequestHead request;
    if (!scan_request(head_bytes, request)) {
        check(request, head_bytes);
        // An absolute target without a path asks for "/", which is no view of it.
        require((within(request.path, head_bytes) || request.path == "/") &&
                within(request.host, head_bytes));
        require(request.minor == 0 || !request.host.empty());
    }
    ResponseHead response;
    if (!scan_response(head_bytes, false, response)) check(response, head_bytes);
}

}  // namespace
}  // namespace berth::net

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t piece = 1 + data[0] % 16;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    berth::net::try_heads(bytes, piece);
    berth::net::require(berth::net::read_body(bytes, piece) ==
                        berth::net::read_body(bytes, bytes.size() + 1));
    return 0;
}
