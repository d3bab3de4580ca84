#pragma once

#include <netinet/in.h>
#include <sodium.h>

#include "init/harness.hpp"

/// What the tests of TCP share: an application on a port, and a client that knows the key.
namespace berth::init::test {

/// A listener on the loopback address of a family, on a port that the kernel picks.
class Listener {
  public:
    explicit Listener(int family, int backlog = 8)
        : socket_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in6 six{};
        six.sin6_family = AF_INET6;
        six.sin6_addr = IN6ADDR_LOOPBACK_INIT;
        sockaddr_in four{};
        four.sin_family = AF_INET;
        four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const bool is_four = family == AF_INET;
        auto* address = is_four ? reinterpret_cast<sockaddr*>(&four) : reinterpret_cast<sockaddr*>(&six);
        socklen_t size = is_four ? sizeof four : sizeof six;
        if (::bind(socket_.get(), address, size) != 0) throw std::runtime_error("bind");
        if (::listen(socket_.get(), backlog) != 0) throw std::runtime_error("listen");
        ::getsockname(socket_.get(), address, &size);
        port_ = ntohs(is_four ? four.sin_port : six.sin6_port);
    }

    Fd accept() const { return Fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
    int number() const { return port_; }
    std::string port() const { return std::to_string(port_); }
    void close() { socket_.reset(); }

  private:
    Fd socket_;
    int port_ = 0;
};

/// A port on which nobody listens, for now.
inline int free_port() {
    const Listener listener(AF_INET);
    return listener.number();
}

/// A connection to a port of 127.0.0.1, or of [::1]; empty when it is refused.
inline Fd dial_port(int port, int family = AF_INET) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_addr = IN6ADDR_LOOPBACK_INIT;
    six.sin6_port = htons(static_cast<std::uint16_t>(port));
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    four.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool is_four = family == AF_INET;
    const auto* address = is_four ? reinterpret_cast<sockaddr*>(&four) : reinterpret_cast<sockaddr*>(&six);
    Fd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const bool connected = ::connect(socket.get(), address, is_four ? sizeof four : sizeof six) == 0;
    return connected ? std::move(socket) : Fd();
}

inline std::string frame(char kind, const std::string& payload) {
    const auto head = header(kind, payload.size());
    return std::string(head.data(), head.size()) + payload;
}

/// The proof of one side, by the protocol's own words.
inline std::string proof(const std::string& key, const std::string& side, const std::string& first,
                         const std::string& second) {
    const auto raw = [](const std::string& text) {
        return reinterpret_cast<const unsigned char*>(text.data());
    };
    const auto text = "berth-init " + side + "\n" + first + "\n" + second;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    ::crypto_auth_hmacsha256_init(&state, raw(key), key.size());
    ::crypto_auth_hmacsha256_update(&state, raw(text), text.size());
    ::crypto_auth_hmacsha256_final(&state, mac);
    char hex[2 * sizeof mac + 1];
    return ::sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
}

/// `berth-init run` that also serves a port.
class Network : public Init {
  protected:
    Network() { std::ofstream(directory_ / "key") << key_ << "\n"; }

    Words options() const { return {"--tcp", std::to_string(port_), "--key-file", directory_ / "key"}; }

    Process& start(Words words = {"sleep", "1000"}, Words environment = {}) {
        Words all{"run"};
        for (const auto& option : options()) all.push_back(option);
        all.push_back("--");
        all.insert(all.end(), words.begin(), words.end());
        process_.emplace(directory_, all, environment);
        return *process_;
    }

    /// A connection that has said nothing yet, as soon as somebody listens.
    Client stranger(int family = AF_INET) {
        if (!process_) start();
        Fd socket;
        if (!eventually([&] { return static_cast<bool>(socket = dial_port(port_, family)); }))
            throw std::runtime_error("nobody listens: " + process_->err());
        return Client(std::move(socket));
    }

    /// Says hello and reads the answer; gives the server's nonce.
    std::string greet(Client& client) {
        client.send('H', nonce_);
        const auto answer = client.read().value_or(Message{});
        EXPECT_EQ(answer.kind, 'O');
        EXPECT_EQ(answer.payload.size(), 32u + 1 + 64);
        const auto server_nonce = answer.payload.substr(0, 32);
        EXPECT_EQ(answer.payload.substr(33), proof(key_, "server", nonce_, server_nonce));
        return server_nonce;
    }

    /// A connection that has proven itself, with that request right behind the proof.
    Client ask(char kind, const std::string& payload = {}) {
        auto client = stranger();
        const auto server_nonce = greet(client);
        client.send_bytes(frame('A', proof(key_, "client", server_nonce, nonce_)) + frame(kind, payload));
        return client;
    }

    /// A connection that is the one to an application's port.
    Client forward(const Listener& application) {
        auto client = ask('F', application.port());
        EXPECT_EQ(client.read(), (Message{'O', ""}));
        return client;
    }

    long resident() const {
        std::istringstream text(Process::contents("/proc/" + std::to_string(process_->pid()) + "/statm"));
        long total = 0;
        long pages = 0;
        text >> total >> pages;
        return pages * 4096;
    }

    std::string key_ = "0123456789abcdef0123456789abcdef";
    std::string nonce_ = "00112233445566778899aabbccddeeff";
    int port_ = free_port();
};

}  // namespace berth::init::test
