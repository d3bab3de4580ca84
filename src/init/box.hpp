#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>

#include "init/fd.hpp"
#include "init/frame.hpp"
#include "init/limits.hpp"
#include "init/pages.hpp"

namespace berth::init {

/// What became of moving bytes through a socket without waiting.
enum class Moved {
    all,   ///< Everything went out, or something came in.
    some,  ///< The socket takes or gives no more now.
    gone,  ///< The peer is gone or has nothing more to say.
};

/// Bytes received and not yet handled: room for one frame of the largest size.
class Inbox {
  public:
    bool open() { return static_cast<bool>(pages_ = Pages(header_size + frame_max)); }
    void close() { *this = Inbox(); }

    /// One read that does not wait.
    Moved receive(int from);

    std::string_view bytes() const { return {pages_.data() + head_, tail_ - head_}; }
    bool full() const { return tail_ - head_ == header_size + frame_max; }
    void consume(std::size_t count) { head_ += count; }
    void clear() { head_ = tail_ = 0; }

  private:
    Pages pages_;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

/// Frames on their way to a socket, at most `output_max` bytes of them.
class Outbox {
  public:
    bool open() { return static_cast<bool>(pages_ = Pages(output_max)); }
    void close() { *this = Outbox(); }

    bool empty() const { return head_ == tail_; }
    std::size_t size() const { return tail_ - head_; }

    /// True when a frame with `payload` bytes fits, and a last small one after it.
    bool fits(std::size_t payload) const { return size() + payload + 2 * header_size + 64 <= output_max; }

    /// Adds a frame whose payload is the pieces, one after the other. It must fit.
    void put(char kind, std::initializer_list<std::string_view> pieces = {});

    /// Where the payload of a frame of up to `most` bytes may be written. It must fit.
    std::span<char> begin_frame(std::size_t most);
    /// Adds the frame whose first `count` bytes were written into `begin_frame()`.
    void end_frame(char kind, std::size_t count);

    /// Lets `rider` travel with the next byte (SCM_RIGHTS). Only while the box is empty.
    void carry(Fd rider) { rider_ = static_cast<Fd&&>(rider); }

    /// Sends what the socket takes without waiting.
    Moved flush(int to);

  private:
    void make_room(std::size_t count);
    long send_once(int to);

    Pages pages_;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
    Fd rider_;
};

}  // namespace berth::init
