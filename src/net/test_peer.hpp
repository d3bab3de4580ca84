#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

/// For tests: a blocking socket whose every wait ends after ten seconds, so that a defect fails instead of
/// hanging.
namespace berth::net::test {

/// The other end of a connection, for tests.
class Peer {
  public:
    explicit Peer(int fd) : fd_(fd) {
        timeval limit{.tv_sec = 10, .tv_usec = 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)), earlier_(std::move(other.earlier_)) {}
    ~Peer() { close(); }

    static Peer connect(int port, int receive_buffer = 0) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (receive_buffer > 0)
            ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("connect");
        return Peer(fd);
    }
    static Peer connect(const std::string& path) {
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("connect");
        return Peer(fd);
    }

    /// False when the other side does not take it.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }
    /// Sends what fits now; how much that was.
    std::size_t send_some(std::string_view bytes) {
        const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        return count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    /// Some bytes; empty at the end, on a failure and when nothing comes.
    std::string receive(std::size_t most = 65536) {
        if (!earlier_.empty()) return std::exchange(earlier_, {});
        std::string bytes(most, '\0');
        const auto count = ::recv(fd_, bytes.data(), bytes.size(), 0);
        bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return bytes;
    }
    std::string receive_all() {
        std::string all;
        for (std::string piece; !(piece = receive()).empty();) all += piece;
        return all;
    }
    /// Everything up to and with `mark`; what came after it stays for the next call.
    std::string receive_until(std::string_view mark) {
        std::string all;
        while (all.find(mark) == std::string::npos) {
            const auto piece = receive();
            if (piece.empty()) return all;
            all += piece;
        }
        const auto end = all.find(mark) + mark.size();
        earlier_ = all.substr(end);
        all.resize(end);
        return all;
    }
    std::string receive_exactly(std::size_t count) {
        std::string all;
        while (all.size() < count) {
            const auto piece = receive();
            if (piece.empty()) return all;
            all += piece;
        }
        earlier_ = all.substr(count);
        all.resize(count);
        return all;
    }
    /// One response with a Content-Length.
    std::string receive_response() {
        auto head = receive_until("\r\n\r\n");
        const auto at = head.find("Content-Length: ");
        if (at == std::string::npos) return head;
        return head + receive_exactly(std::stoul(head.substr(at + 16)));
    }
    void shut_down_writing() { ::shutdown(fd_, SHUT_WR); }
    /// Ends with a reset instead of a polite close.
    void reset() {
        const linger now{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close();
    }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    int fd() const { return fd_; }

  private:
    int fd_;
    std::string earlier_;
};

/// A listening socket on a free port of 127.0.0.1.
class Listener {
  public:
    Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const bool listens = ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                             ::listen(fd_, 128) == 0;
        EXPECT_TRUE(listens) << std::strerror(errno);
        socklen_t size = sizeof address;
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        timeval limit{.tv_sec = 10, .tv_usec = 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    ~Listener() { ::close(fd_); }
    int port() const { return port_; }
    /// The next connection; throws when none comes within ten seconds or after `shut_down`.
    Peer accept() {
        const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) throw std::runtime_error("nobody connected");
        return Peer(fd);
    }
    void shut_down() { ::shutdown(fd_, SHUT_RDWR); }

  private:
    int fd_;
    int port_ = 0;
};

/// Waits until `holds` or ten seconds have passed; whether it holds.
inline bool eventually(const std::function<bool()>& holds) {
    const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > last) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

}  // namespace berth::net::test
