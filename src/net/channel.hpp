#pragma once

#include <sys/uio.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <string_view>
#include <tuple>

#include "net/loop.hpp"

namespace berth::net {

using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
using ErrorCode = boost::system::error_code;

/// Up to four pieces of bytes that go out together, and how far they have gone.
class Slices {
  public:
    Slices(std::initializer_list<std::string_view> pieces) {
        for (const auto piece : pieces) add(piece);
    }
    void add(std::string_view piece) {
        if (!piece.empty()) parts_[count_++] = {const_cast<char*>(piece.data()), piece.size()};
    }
    bool empty() const { return first_ == count_; }
    iovec* begin() { return parts_.data() + first_; }
    std::size_t count() const { return count_ - first_; }
    void consume(std::size_t bytes);

  private:
    std::array<iovec, 4> parts_;
    std::size_t first_ = 0, count_ = 0;
};

/// What one attempt came to. A closed peer is an outcome.
enum class Outcome { done, would_block, ended, failed };

/// A connected byte stream: the one place that knows what carries the bytes. A TLS session would be a second
/// carrier in here; nobody above it would know.
///
/// Attempts go straight to the system without waiting; waiting is Asio's. One reader and one writer at a
/// time.
class Channel {
  public:
    /// `handed`: the socket is a session's, which may still hold it; see handed_socket.hpp.
    enum class Origin { own, handed };
    explicit Channel(Socket socket, Origin origin = Origin::own);
    Channel(Channel&& other) noexcept = default;
    Channel& operator=(Channel&& other) noexcept;
    ~Channel() { close(); }

    /// Reads what is there, at most `size` bytes, into `into`; `bytes` says how many.
    Outcome try_read(char* into, std::size_t size, std::size_t& bytes);
    /// Waits for bytes: (failure, how many). The end of the stream is `asio::error::eof`.
    Work<std::tuple<ErrorCode, std::size_t>> read_some(char* into, std::size_t size) {
        return socket_.async_receive(asio::buffer(into, size), MSG_DONTWAIT, asio::as_tuple(await));
    }
    /// Sends what fits; `done` once `slices` is empty.
    Outcome try_write(Slices& slices);
    /// Sends everything, waiting as long as the peer takes. False when it is gone.
    Work<bool> write(Slices slices);
    /// Whether a `write` has sent a part only.
    bool writing() const { return writing_; }

    template <class Token>
    auto wait_readable(Token&& token) {
        return socket_.async_wait(Socket::wait_read, std::forward<Token>(token));
    }
    template <class Token>
    auto wait_writable(Token&& token) {
        return socket_.async_wait(Socket::wait_write, std::forward<Token>(token));
    }

    /// `would_block` while nothing is known against the peer, `done` when it sent bytes that wait, else
    /// `ended` or `failed`.
    Outcome look_at_peer();

    /// Tells the peer that no more comes.
    void shut_down_writing();
    /// Ends whatever waits on it; the stream stays as it is.
    void cancel();
    void close();
    bool open() const { return socket_.is_open(); }
    /// The socket itself, for those who carry on without a channel.
    Socket release() { return std::move(socket_); }

  private:
    Socket socket_;
    Origin origin_ = Origin::own;
    bool writing_ = false;
};

}  // namespace berth::net
