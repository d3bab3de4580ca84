#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <utility>

namespace berth::net {

namespace asio = boost::asio;

/// Makes the close that follows return at once, whatever the other holders of the socket have set
/// (SO_LINGER makes `close` wait): nothing more can be written, and what is not with the peer by now is
/// given up by a reset (connect(2), AF_UNSPEC).
void forestall_linger(int descriptor);

/// A connected socket that a session has made and handed over, and that it may still hold.
///
/// File status flags and socket options belong to all holders (open(2), "open file description"): a session
/// that takes O_NONBLOCK away or sets SO_LINGER must not hold up a loop of ours. So every read and write
/// says MSG_DONTWAIT itself, and the socket is closed by `forestall_linger`.
template <class Executor = asio::any_io_executor>
class HandedSocket : public asio::basic_stream_socket<asio::generic::stream_protocol, Executor> {
    using Base = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;

  public:
    using Base::Base;
    HandedSocket(HandedSocket&&) noexcept = default;
    HandedSocket& operator=(HandedSocket&& other) noexcept {
        end();
        Base::operator=(std::move(other));
        return *this;
    }
    ~HandedSocket() { end(); }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return Base::async_receive(buffers, MSG_DONTWAIT, std::forward<Token>(token));
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return Base::async_send(buffers, MSG_DONTWAIT | MSG_NOSIGNAL, std::forward<Token>(token));
    }
    void close() {
        boost::system::error_code ignored;
        close(ignored);
    }
    void close(boost::system::error_code& failure) {
        if (this->is_open()) forestall_linger(this->native_handle());
        Base::close(failure);
    }

  private:
    void end() {
        boost::system::error_code ignored;
        if (this->is_open()) close(ignored);
    }
};

}  // namespace berth::net
