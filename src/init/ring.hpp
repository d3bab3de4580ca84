#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "init/limits.hpp"
#include "init/pages.hpp"

namespace berth::init {

/// The last `backlog_max` bytes of a stream, found by their offset from its very beginning.
///
/// It is the one buffer of a terminal: each client reads it at its own offset, so a slow client costs no
/// memory and delays nobody.
class Ring {
  public:
    /// Maps the memory and starts at offset 0; false when there is none.
    bool open() {
        pages_ = Pages(backlog_max);
        end_ = 0;
        return static_cast<bool>(pages_);
    }
    void close() { pages_ = Pages(); }

    /// Offset of the oldest byte kept.
    std::uint64_t begin() const { return end_ < backlog_max ? 0 : end_ - backlog_max; }
    /// Offset that the next byte will get.
    std::uint64_t end() const { return end_; }

    /// Where the next bytes go, in one piece and never empty. Filling it overwrites the oldest bytes.
    std::span<char> room() const {
        const auto at = static_cast<std::size_t>(end_ % backlog_max);
        return {pages_.data() + at, backlog_max - at};
    }
    /// `count` bytes were put into `room()`.
    void wrote(std::size_t count) { end_ += count; }

    /// At most `most` bytes from `offset` on in one piece; empty only at the end. `offset` is kept still.
    std::string_view at(std::uint64_t offset, std::size_t most) const;

  private:
    Pages pages_;
    std::uint64_t end_ = 0;
};

}  // namespace berth::init
