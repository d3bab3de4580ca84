#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

/// The bytes between Berth and the process 1 of a component (`src/init`). Pure.
namespace berth::engine {

inline constexpr std::size_t init_header_size = 5;
inline constexpr std::size_t init_frame_max = 65536;

/// One message: a kind and its payload.
struct InitFrame {
    char kind = 0;
    std::string payload;
    bool operator==(const InitFrame&) const = default;
};

/// u8 kind, u32 big-endian length, payload. Throws `invalid` when the payload is above 64 KiB.
std::string write_frame(char kind, std::string_view payload);

/// The bytes in front of a payload of that length. Throws `invalid` above 64 KiB.
std::string frame_head(char kind, std::size_t length);

/// The length that the five bytes of a header give. Throws `internal` (`init_answer`) above 64 KiB.
std::size_t payload_size(std::string_view header);

/// `fields` separated by NUL. Throws `invalid` when one holds a NUL.
std::string join_fields(const std::vector<std::string>& fields);
std::vector<std::string> split_fields(std::string_view payload);

/// Takes frames out of a stream of bytes.
class InitFrames {
  public:
    void feed(std::string_view bytes) { bytes_ += bytes; }
    /// The next whole frame. Throws `internal` (`init_answer`) on a length above 64 KiB.
    std::optional<InitFrame> next();

  private:
    std::string bytes_;
    std::size_t taken_ = 0;
};

/// What an `E code NUL message` means for whoever dialled `port`, or asked for a program when `port` is 0.
Error init_refusal(std::string_view payload, int port);

}  // namespace berth::engine
