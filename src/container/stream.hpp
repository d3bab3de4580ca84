#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::container {

/// A piece of one of a container's outputs.
struct Piece {
    bool error_output = false;
    std::string bytes;
    bool operator==(const Piece&) const = default;
};

/// Takes the multiplexed stream of logs, attach and exec apart: per frame 1 byte for the output (0 and 1
/// standard output, 2 standard error), 3 zeros, 4 bytes big-endian length, and so many bytes.
///
/// Pieces come as bytes come: nothing is kept but an unfinished header, so no length can cost memory.
/// Source: Docker Engine API, ContainerAttach, "Stream format".
class Demultiplexer {
  public:
    /// The pieces that `bytes` bring. Throws `unavailable` (`engine_answer`), with the
    /// words of the engine, on what cannot be a header.
    std::vector<Piece> feed(std::string_view bytes);
    /// Whether the stream may end here.
    bool between_frames() const { return remaining_ == 0 && header_.empty(); }

  private:
    std::string header_;
    bool error_output_ = false;
    std::uint32_t remaining_ = 0;
};

/// Lines of a stream of bytes. A line longer than `most` is given in several parts.
class LineSplitter {
  public:
    explicit LineSplitter(std::size_t most = 64u << 10) : most_(most) {}
    /// The lines that `bytes` end, without `\n` and a `\r` before it.
    std::vector<std::string> feed(std::string_view bytes);
    /// What came after the last end of line; empty when nothing did.
    std::string rest();

  private:
    std::size_t most_;
    std::string open_;
};

}  // namespace berth::container
