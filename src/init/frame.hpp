#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace berth::init {

inline constexpr std::size_t header_size = 5;

/// One message of the wire. `payload` points into the bytes that were scanned.
struct Frame {
    char kind = 0;
    std::string_view payload;
    bool operator==(const Frame&) const = default;
};

/// What the scanner made of the bytes so far.
enum class Scanned {
    whole,      ///< A frame begins the bytes.
    partial,    ///< More bytes are needed to tell.
    oversized,  ///< The length is above `frame_max`: nothing after it can be trusted.
};

struct Scan {
    Scanned outcome = Scanned::partial;
    Frame frame;
    std::size_t size = 0;  ///< Bytes that a whole frame takes, header included.
};

/// Looks for a frame (u8 kind, u32 big-endian length, payload) at the start of `bytes`.
///
/// Pure. An oversized frame is known from its header alone, so that nobody waits for its payload.
Scan scan(std::string_view bytes);

/// The five bytes before a payload of `length` bytes, which is at most `frame_max`.
std::array<char, header_size> header(char kind, std::size_t length);

/// The fields of a payload, one after the other: n separators make n + 1 fields, an empty one counts.
class Fields {
  public:
    explicit Fields(std::string_view payload, char separator = '\0')
        : rest_(payload), separator_(separator) {}

    /// The next field, or nothing after the last.
    std::optional<std::string_view> next();

  private:
    std::optional<std::string_view> rest_;
    char separator_;
};

/// Reads a decimal number without sign, blanks or anything else around it, of at most `most`.
std::optional<std::uint64_t> number(std::string_view digits, std::uint64_t most = UINT64_MAX);

}  // namespace berth::init
