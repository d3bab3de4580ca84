#include "net/channel.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <cerrno>

#include "net/handed_socket.hpp"

namespace berth::net {

void Slices::consume(std::size_t bytes) {
    while (bytes > 0 && first_ < count_) {
        auto& part = parts_[first_];
        const std::size_t taken = std::min(bytes, part.iov_len);
        part.iov_base = static_cast<char*>(part.iov_base) + taken;
        part.iov_len -= taken;
        bytes -= taken;
        if (part.iov_len == 0) ++first_;
    }
}

Channel& Channel::operator=(Channel&& other) noexcept {
    close();
    socket_ = std::move(other.socket_);
    origin_ = other.origin_;
    return *this;
}

Channel::Channel(Socket socket, Origin origin) : socket_(std::move(socket)), origin_(origin) {
    ErrorCode ignored;
    socket_.native_non_blocking(true, ignored);
    const int on = 1;
    // Refused by Unix sockets, which need neither.
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

Outcome Channel::try_read(char* into, std::size_t size, std::size_t& bytes) {
    bytes = 0;
    while (true) {
        const auto count = ::recv(socket_.native_handle(), into, size, MSG_DONTWAIT);
        if (count > 0) {
            bytes = static_cast<std::size_t>(count);
            return Outcome::done;
        }
        if (count == 0) return Outcome::ended;
        if (errno == EINTR) continue;
        return errno == EAGAIN || errno == EWOULDBLOCK ? Outcome::would_block : Outcome::failed;
    }
}

Outcome Channel::try_write(Slices& slices) {
    while (!slices.empty()) {
        msghdr message{};
        message.msg_iov = slices.begin();
        message.msg_iovlen = slices.count();
        const auto count = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0) {
            slices.consume(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return Outcome::would_block;
        } else if (errno != EINTR) {
            return Outcome::failed;
        }
    }
    return Outcome::done;
}

Work<bool> Channel::write(Slices slices) {
    while (true) {
        const auto outcome = try_write(slices);
        writing_ = outcome == Outcome::would_block;
        if (!writing_) co_return outcome == Outcome::done;
        ErrorCode failure;
        co_await wait_writable(asio::redirect_error(await, failure));
        if (failure) co_return false;
    }
}

Outcome Channel::look_at_peer() {
    if (!socket_.is_open()) return Outcome::failed;
    char byte;
    const auto count = ::recv(socket_.native_handle(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    if (count == 0) return Outcome::ended;
    if (count > 0) return Outcome::done;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? Outcome::would_block : Outcome::failed;
}

void Channel::shut_down_writing() {
    ErrorCode ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
}

void Channel::cancel() {
    ErrorCode ignored;
    socket_.cancel(ignored);
}

void Channel::close() {
    if (!socket_.is_open()) return;
    if (origin_ == Origin::handed) forestall_linger(socket_.native_handle());
    ErrorCode ignored;
    socket_.close(ignored);
}

}  // namespace berth::net
