#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>

#include "api/api.hpp"
#include "base/yaml.hpp"
#include "crypto/random.hpp"
#include "engine/sim/sim.hpp"

/// A whole API in memory: real store, real identity, simulated engine, time that stands still.
namespace berth::api::testing {

inline const Time start_of_time = parse_time("2026-03-01T09:00:00.000Z");

/// One credential: what a client sends along.
struct Proof {
    net::Headers headers;
};

/// A WebSocket without a wire. What is said to it waits in `inbox`; what it says is in `sent`.
class TestSocket final : public net::WebSocket {
  public:
    explicit TestSocket(asio::any_io_executor executor)
        : moved_(executor, asio::steady_timer::time_point::max()),
          gate_(executor, asio::steady_timer::time_point::max()) {}

    Task<std::optional<net::Message>> read() override;
    Task<> write(net::Message message) override;
    Task<> close(int code, std::string reason) override;

    void say(net::Message message);
    void leave();
    /// While it is slow, writes wait.
    void set_slow(bool slow);

    std::vector<net::Message> sent;
    std::optional<int> closed;

    /// The JSON of every text message so far.
    json::array texts() const;
    std::string binary() const;

  private:
    asio::steady_timer moved_, gate_;
    std::deque<net::Message> inbox_;
    bool left_ = false, slow_ = false;
};

/// Files as a build of the web interface would give them.
class TestFiles final : public Files {
  public:
    const File* find(std::string_view path) const override;
};

/// Three people, an engine, and the API between them.
class World {
  public:
    explicit World(Limits limits = {}, std::function<void(store::Tx&)> before = {}, std::string holder = {},
                   std::optional<acts::Keyring> keyring = {});
    ~World();

    /// Runs until `task` has ended; a task that takes longer than ten real seconds fails the test.
    template <class T>
    T run(Task<T> task);
    /// Runs what there is to run until `done` says so, at most ten real seconds.
    void run_until(const std::function<bool()>& done);

    net::Response ask(const Proof& proof, std::string method, std::string target, std::string body = {},
                      net::Headers headers = {});
    /// The same with a JSON body.
    net::Response send(const Proof& proof, std::string method, std::string target, const json::value& body,
                       net::Headers headers = {});
    /// A GET that has to succeed.
    json::value get(const Proof& proof, std::string target);
    net::Request request(const Proof& proof, std::string method, std::string target, std::string body = {},
                         net::Headers headers = {}) const;
    /// Opens a WebSocket; the socket runs beside until it is closed.
    std::shared_ptr<TestSocket> open(const Proof& proof, std::string target);

    /// A user with a token of that scope.
    UserId add_user(const std::string& name, Role role = Role::user);
    Proof token_of(const UserId& user, auth::Scope scope = auth::Scope::sessions);
    Proof cookie_of(const UserId& user, LoginId* login = nullptr);
    template <class F>
    auto write(F work) {
        return run(store->write(std::move(work)));
    }
    /// Puts a status into a session's row, as the loop would.
    void set_phase(const std::string& session, Phase phase);
    std::vector<Event> events();

    asio::io_context io;
    VirtualClock clock{start_of_time};
    std::unique_ptr<store::Store> store;
    acts::Activity activity;
    engine::SimEngine engine;
    auth::Passwords passwords;
    auth::Origin origin;
    TestFiles files;
    std::unique_ptr<Api> api;
    std::optional<Error> not_ready;  ///< Why; absent: it is.

    UserId root, ann, bob;          ///< An administrator and two users.
    Proof as_root, as_ann, as_bob;  ///< Their tokens; that of `root` of scope admin.

  private:
    TaskGroup sockets_;
};

/// A document that `parse_template` takes.
json::value template_document(const std::string& name, const std::string& memory = "1Gi",
                              const std::string& access_mode = "ReadWriteOnce");
/// A body as a value.
json::value body_of(const net::Response& response);
std::string text_of(const net::Response& response, std::string_view header);
/// The same value with `key` taken out, at the top.
json::value without(json::value tree, std::string_view key);

template <class T>
T World::run(Task<T> task) {
    std::exception_ptr failure;
    bool done = false;
    if constexpr (std::is_void_v<T>) {
        asio::co_spawn(io, std::move(task), [&](std::exception_ptr thrown) {
            failure = std::move(thrown);
            done = true;
        });
        run_until([&] { return done; });
        if (failure) std::rethrow_exception(failure);
    } else {
        std::optional<T> result;
        asio::co_spawn(io, std::move(task), [&](std::exception_ptr thrown, T value) {
            failure = std::move(thrown);
            if (!failure) result.emplace(std::move(value));
            done = true;
        });
        run_until([&] { return done; });
        if (failure) std::rethrow_exception(failure);
        return std::move(*result);
    }
}

}  // namespace berth::api::testing
