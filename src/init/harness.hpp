#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "init/fd.hpp"
#include "init/frame.hpp"

/// What the tests of the real program share: starting it as an ordinary process, and speaking to it byte by
/// byte with none of its own code but the frame header.
namespace berth::init::test {

using namespace std::chrono_literals;

inline constexpr auto patience = 20s;  ///< For what must happen at once; a busy machine is slow.

inline std::string program() {
    if (const char* given = std::getenv("BERTH_INIT")) return given;
#ifdef BERTH_INIT_PATH
    return BERTH_INIT_PATH;
#else
    throw std::runtime_error("BERTH_INIT does not say where the program is");
#endif
}

/// Fields joined by NUL.
inline std::string fields(std::initializer_list<std::string> parts) {
    std::string text;
    for (const auto& part : parts)
        text += (text.empty() && &part == parts.begin() ? "" : std::string(1, '\0')) + part;
    return text;
}

/// Asks `condition` again until it holds; false when it never does.
template <class Condition>
bool eventually(Condition&& condition) {
    for (const auto until = std::chrono::steady_clock::now() + patience;
         std::chrono::steady_clock::now() < until;) {
        if (condition()) return true;
        std::this_thread::sleep_for(5ms);
    }
    return false;
}

struct Message {
    char kind = 0;
    std::string payload;
    bool operator==(const Message&) const = default;
};

inline void PrintTo(const Message& message, std::ostream* out) {
    *out << message.kind << " " << testing::PrintToString(message.payload.substr(0, 200));
}

/// One connection, as a client that was written from the protocol table alone.
class Client {
  public:
    explicit Client(const std::string& path) {
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        socket_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            throw std::runtime_error("connect: " + std::string(std::strerror(errno)));
        }
    }

    explicit Client(Fd socket) : socket_(std::move(socket)) {}

    void send_bytes(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent < 0) throw std::runtime_error("send: " + std::string(std::strerror(errno)));
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    void send(char kind, const std::string& payload = {}) {
        const auto head = header(kind, payload.size());
        send_bytes(std::string(head.data(), head.size()) + payload);
    }

    /// The next message, or nothing at the end. A descriptor that came along is kept in `received`.
    std::optional<Message> read() {
        for (;;) {
            if (const auto found = scan(bytes_); found.outcome == Scanned::whole) {
                Message message{found.frame.kind, std::string(found.frame.payload)};
                bytes_.erase(0, found.size);
                return message;
            }
            if (!receive()) return {};
        }
    }

    /// Payloads of `kind` until `stop` appears in them, or the end. `other` gets what else came.
    std::string read_until(const std::string& stop, char kind = 'd', std::vector<Message>* other = nullptr) {
        std::string text;
        while (text.find(stop) == std::string::npos) {
            const auto message = read();
            if (!message) throw std::runtime_error("ended before \"" + stop + "\": " + text);
            if (message->kind == kind) {
                text += message->payload;
            } else if (other != nullptr) {
                other->push_back(*message);
            }
        }
        return text;
    }

    /// All messages until the end.
    std::vector<Message> read_all() {
        std::vector<Message> all;
        while (auto message = read()) all.push_back(std::move(*message));
        return all;
    }

    /// That many bytes as they are, or fewer at the end.
    std::string read_bytes(std::size_t count) {
        while (bytes_.size() < count && receive()) continue;
        auto bytes = bytes_.substr(0, count);
        bytes_.erase(0, bytes.size());
        return bytes;
    }

    bool ended() { return !read(); }
    int get() const { return socket_.get(); }
    void close() { socket_.reset(); }
    Fd received;

  private:
    bool receive() {
        pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
        const auto limit = std::chrono::milliseconds(patience).count();
        if (::poll(&ready, 1, static_cast<int>(limit)) != 1) throw std::runtime_error("nothing came");
        char bytes[65536];
        alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))];
        iovec into{bytes, sizeof bytes};
        msghdr message{};
        message.msg_iov = &into;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        const auto got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
        if (got <= 0) return false;
        if (const auto* rights = CMSG_FIRSTHDR(&message)) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(rights), sizeof number);
            received = Fd(number);
        }
        bytes_.append(bytes, static_cast<std::size_t>(got));
        return true;
    }

    Fd socket_;
    std::string bytes_;
};

/// A private directory that goes with its owner.
class Directory {
  public:
    Directory() {
        char name[] = "/tmp/init.XXXXXX";
        if (::mkdtemp(name) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = name;
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

using Words = std::vector<std::string>;

/// The real program in a process of its own. What it still has running is killed with it.
class Process {
  public:
    /// `environment` is added; stdin is `input` or /dev/null, stdout and stderr are files in `directory`.
    Process(const Directory& directory, Words words, Words environment = {}, int input = -1)
        : out_(directory / ("out" + std::to_string(++count_))), err_(out_ + ".err") {
        words.insert(words.begin(), program());
        std::vector<char*> arguments;
        for (auto& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        environment.push_back("BERTH_INIT_SOCKET=" + (directory / "s"));
        pid_ = ::fork();
        if (pid_ != 0) return;
        for (auto& pair : environment) ::putenv(pair.data());
        const auto make = [](const std::string& path) {
            return ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
        };
        ::dup2(input >= 0 ? input : ::open("/dev/null", O_RDONLY), 0);
        ::dup2(make(out_), 1);
        ::dup2(make(err_), 2);
        ::execv(arguments[0], arguments.data());
        ::_exit(99);
    }
    ~Process() {
        if (pid_ > 0) {
            ::kill(pid_, SIGTERM);
            const bool gone = eventually([&] { return ::waitpid(pid_, nullptr, WNOHANG) == pid_; });
            if (!gone) ::kill(pid_, SIGKILL), ::waitpid(pid_, nullptr, 0);
        }
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    /// The status once it has ended: the exit code, or 128 + the signal; -1 when it does not end.
    int wait() {
        int status = 0;
        if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; })) return -1;
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    pid_t pid() const { return pid_; }
    void signal(int number) const { ::kill(pid_, number); }
    std::string out() const { return contents(out_); }
    std::string err() const { return contents(err_); }

    static std::string contents(const std::string& path) {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }

  private:
    static inline int count_ = 0;
    std::string out_;
    std::string err_;
    pid_t pid_ = -1;
};

/// `berth-init run` with its socket in a private directory, ready for clients.
class Init : public testing::Test {
  protected:
    /// Starts it over `words`, which by default run until they are told to go.
    Process& start(Words words = {"sleep", "1000"}, Words environment = {}) {
        words.insert(words.begin(), {"run", "--"});
        process_.emplace(directory_, words, environment);
        return *process_;
    }

    /// A new connection, as soon as the socket is there.
    Client connect() {
        if (!process_) start();
        std::optional<Client> client;
        eventually([&] {
            try {
                client.emplace(directory_ / "s");
            } catch (const std::runtime_error&) {
                return false;
            }
            return true;
        });
        if (!client) throw std::runtime_error("nobody serves: " + process_->err());
        return std::move(*client);
    }

    /// A connection on which that request was sent.
    Client ask(char kind, const std::string& payload = {}) {
        auto client = connect();
        client.send(kind, payload);
        return client;
    }

    /// A terminal, attached; its answer must be O.
    Client attach(const std::string& id, std::initializer_list<std::string> program = {"sh"},
                  const std::string& offset = "") {
        auto request = fields({id, "24", "80", offset});
        for (const auto& word : program) request += '\0' + word;
        auto client = ask('T', request);
        answer_ = client.read().value_or(Message{});
        EXPECT_EQ(answer_.kind, 'O') << answer_.payload;
        return client;
    }

    /// A program without a terminal, its answer not yet read.
    Client exec(std::initializer_list<std::string> program, const std::string& flags = "",
                const std::string& directory = "", const std::string& environment = "") {
        auto request = fields({directory, flags, "24", "80", environment});
        for (const auto& word : program) request += '\0' + word;
        return ask('X', request);
    }

    Directory directory_;
    std::optional<Process> process_;
    Message answer_;
};

/// The messages' payloads of one kind, one after the other.
inline std::string joined(const std::vector<Message>& messages, char kind) {
    std::string text;
    for (const auto& message : messages) {
        if (message.kind == kind) text += message.payload;
    }
    return text;
}

/// True while the process exists, also dead and not collected.
inline bool exists(pid_t pid) {
    return ::kill(pid, 0) == 0;
}

}  // namespace berth::init::test
