#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "store/store_fixture_test.hpp"

/// Servers that fail: a proxy that cuts connections, and what tests of several Berths share.
namespace berth::store {

/// Stands between Berth and a server, on a socket in a directory of its own.
class Proxy {
  public:
    /// What happens to the next COMMIT.
    enum Fault {
        none,
        cut_before,   ///< The server does not hear of it, and sees the connection end.
        cut_after,    ///< The server does it; the answer is lost.
        cut_silently  ///< The server does not hear of it, nor that the connection has ended.
    };

    explicit Proxy(const std::string& server) : server_(server) {
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto own = address(directory());
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
            ::listen(listener_, 64) != 0)
            throw std::runtime_error("the proxy cannot listen");
        accepting_ = std::thread([this] { accept_until_closed(); });
    }
    ~Proxy() {
        stopped_ = true;
        accepting_.join();
        for (auto& thread : threads_) thread.join();
        ::close(listener_);
        for (const int file : kept_) ::close(file);
    }
    Proxy(const Proxy&) = delete;
    Proxy& operator=(const Proxy&) = delete;

    std::string directory() const { return directory_.file(""); }
    void arm(Fault fault) { fault_ = fault; }
    bool fired() const { return fault_ == none; }
    /// Once it has cut a connection, it takes no other until `accept_again`: as a network that has split.
    void split_when_it_cuts() { splits_ = true; }
    void accept_again() { splits_ = split_ = false; }

  private:
    static sockaddr_un address(const std::string& directory) {
        sockaddr_un made{};
        made.sun_family = AF_UNIX;
        const auto path = directory + "/.s.PGSQL.5432";
        path.copy(made.sun_path, sizeof made.sun_path - 1);
        return made;
    }

    void accept_until_closed() {
        while (!stopped_) {
            ::pollfd waiting{.fd = listener_, .events = POLLIN, .revents = 0};
            if (::poll(&waiting, 1, 20) != 1) continue;
            const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (split_) {
                ::close(client);
                continue;
            }
            const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            const auto there = address(server_);
            if (::connect(server, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) {
                ::close(client);
                ::close(server);
                continue;
            }
            threads_.emplace_back([this, client, server] { carry(client, server); });
        }
    }

    void carry(int client, int server) {
        std::string bytes(65536, 0);
        bool swallow = false;
        while (!stopped_) {
            ::pollfd both[2] = {{.fd = client, .events = POLLIN, .revents = 0},
                                {.fd = server, .events = POLLIN, .revents = 0}};
            if (::poll(both, 2, 20) <= 0) continue;
            if (both[0].revents != 0) {
                const auto count = ::read(client, bytes.data(), bytes.size());
                if (count <= 0) break;
                const std::string_view text(bytes.data(), static_cast<std::size_t>(count));
                const auto fault =
                    text.find("; COMMIT") == std::string_view::npos ? none : fault_.exchange(none);
                if (fault != none) split_ = splits_.load();
                if (fault == cut_before) break;
                if (fault == cut_silently) {
                    const std::lock_guard lock(mutex_);
                    kept_.push_back(std::exchange(server, -1));
                    break;
                }
                swallow = fault == cut_after;
                if (::write(server, text.data(), text.size()) != count) break;
            }
            if (both[1].revents != 0) {
                const auto count = ::read(server, bytes.data(), bytes.size());
                if (count <= 0 || swallow) break;
                if (::write(client, bytes.data(), static_cast<std::size_t>(count)) != count) break;
            }
        }
        ::close(client);
        if (server >= 0) ::close(server);
    }

    const std::string server_;
    Directory directory_;
    int listener_ = -1;
    std::atomic<Fault> fault_ = none;
    std::atomic<bool> splits_ = false, split_ = false, stopped_ = false;
    std::thread accepting_;
    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::vector<int> kept_;
};

/// What a listener has heard, from any thread.
class Heard {
  public:
    explicit Heard(Store& store)
        : subscription_(store.subscribe([this](const std::vector<Event>& events) {
              const std::lock_guard lock(mutex_);
              events_.insert(events_.end(), events.begin(), events.end());
          })) {}

    std::vector<std::string> subjects() {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> subjects;
        subjects.reserve(events_.size());
        for (const auto& event : events_) subjects.push_back(event.subject);
        return subjects;
    }
    std::vector<std::int64_t> numbers() {
        const std::lock_guard lock(mutex_);
        std::vector<std::int64_t> numbers;
        numbers.reserve(events_.size());
        for (const auto& event : events_) numbers.push_back(event.sequence);
        return numbers;
    }

  private:
    std::mutex mutex_;
    std::vector<Event> events_;
    std::shared_ptr<void> subscription_;
};

/// Waits until it is so; false after ten seconds.
inline bool eventually(const std::function<bool()>& so) {
    for (int tries = 0; tries < 1000; ++tries) {
        if (so()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

inline ServerOptions impatient() {
    ServerOptions options;
    options.lock_limit = std::chrono::seconds(2);
    options.idle_limit = std::chrono::milliseconds(300);
    options.look_every = std::chrono::milliseconds(500);
    options.outcome_limit = std::chrono::seconds(5);
    return options;
}

inline void add_ada(Store& store) {
    write(store, [](Tx& tx) {
        tx.insert_user(make_user("ada"));
        tx.insert_revision(make_template("terminal"));
    });
}

/// Launches a session and tells of it.
inline void launch(Store& store, const std::string& name) {
    write(store, [&](Tx& tx) {
        tx.insert_session(make_session(make_user("ada"), name));
        tx.append(make_event(name));
    });
}

inline std::vector<std::string> sessions(Store& store) {
    std::vector<std::string> names;
    for (const auto& session : read(store, [](Rows& rows) { return rows.sessions_of({"usr_ada"}); }))
        names.push_back(session.name);
    std::ranges::sort(names);
    return names;
}

}  // namespace berth::store
