#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "crypto/random.hpp"
#include "gateway/service.hpp"
#include "net/http_server.hpp"
#include "net/test_peer.hpp"

/// For tests: a whole gateway on real sockets, a store in memory, and an engine whose workloads are listeners
/// of the test.
namespace berth::gateway::test {

using net::test::eventually;
using net::test::Listener;
using net::test::Peer;

/// An engine that only dials: a port of a component is a port of this machine.
class DialEngine final : public engine::Engine {
  public:
    std::map<int, int> ports;  ///< Port inside -> port here. Set before the first request.
    std::atomic<int> dials{0};

    std::string name() const override { return "container"; }
    Task<> start() override { co_return; }
    Task<> stop() override { co_return; }
    Task<Observed> observe(WorkloadId) override { throw unused(); }
    Task<std::vector<WorkloadId>> list() override { throw unused(); }
    Task<std::vector<Thing>> inventory(std::vector<WorkloadId>) override { throw unused(); }
    Task<> apply(WorkloadId, Changes) override { throw unused(); }
    void watch(std::function<void(WorkloadId)>) override {}
    std::optional<std::string> down_because() const override { return std::nullopt; }
    Task<engine::Stream> dial(WorkloadId, std::string component, int port) override {
        ++dials;
        if (component != "main" || !ports.contains(port))
            throw Error(Kind::unavailable, "unreachable", "connection refused");
        asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
        const asio::ip::tcp::endpoint to(asio::ip::address_v4::loopback(),
                                         static_cast<std::uint16_t>(ports.at(port)));
        co_await socket.async_connect(to, asio::use_awaitable);
        co_return engine::Stream(std::move(socket));
    }
    Task<std::unique_ptr<engine::Process>> terminal(WorkloadId, engine::TerminalRequest) override {
        throw unused();
    }
    Task<std::unique_ptr<engine::Process>> exec(WorkloadId, engine::ExecRequest) override { throw unused(); }
    Task<> logs(WorkloadId, engine::LogRequest, std::function<Task<bool>(engine::LogLine)>) override {
        throw unused();
    }
    Task<engine::Usage> usage(WorkloadId) override { throw unused(); }
    Task<std::optional<engine::Image>> resolve_image(std::string) override { throw unused(); }
    Task<> prepare_image(std::string) override { throw unused(); }
    ObservedImage image_state(const std::string&) const override { return {}; }
    void watch_images(std::function<void(const std::string&, const ObservedImage&)>) override {}
    Task<> remove_volume(std::string) override { throw unused(); }
    Task<std::vector<engine::Check>> examine() override { throw unused(); }

  private:
    static std::runtime_error unused() { return std::runtime_error("the gateway has no business with this"); }
};

/// Runs a task to its end on this thread.
template <class T>
T wait(Task<T> task) {
    asio::io_context loop;
    auto result = asio::co_spawn(loop, std::move(task), asio::use_future);
    loop.run();
    return result.get();
}

/// A gateway with everything around it, for tests.
class World {
  public:
    explicit World(GatewayConfig config = {}, net::ServerConfig server_config = {})
        : store(store::open({}, clock)), origin(auth::make_origin("http://berth.test", "apps.test", "one")) {
        seed();
        service =
            std::make_unique<GatewayService>(*store, engine, clock, origin, control.get_executor(), config);
        server_config.port = 0;
        server_config.loops = 2;
        net::Dispatch dispatch{.decide =
                                   [this](std::string_view host) {
                                       return service->owns(host) ? net::Destination::session
                                                                  : net::Destination::unknown;
                                   },
                               .platform = {},
                               .session = service->handler()};
        server = std::make_unique<net::Server>(server_config, std::move(dispatch));
        service->attach(*server);
        auto started = asio::co_spawn(control, service->start(), asio::use_future);
        thread = std::thread([this] { control.run(); });
        started.get();
        server->start();
    }
    ~World() {
        server.reset();
        control.stop();
        thread.join();
        service.reset();
    }

    template <class F>
    auto write(F work) {
        return wait(store->write(std::move(work)));
    }
    template <class F>
    auto read(F work) {
        return wait(store->read(std::move(work)));
    }

    Peer connect(int receive_buffer = 0) const { return Peer::connect(server->port(), receive_buffer); }

    /// `Cookie: …` of a signed-in browser on `host`.
    std::string cookie(const std::string& user = "ann", const std::string& host = "lab-7f3k.apps.test") {
        const auto key = write([](store::Tx& tx) { return auth::host_cookie_key(tx); });
        const auth::HostPass pass{.user = {"usr_" + user},
                                  .login = {"log_" + user},
                                  .expires_at = clock.now() + std::chrono::hours(1)};
        return "Cookie: " + auth::host_cookie_name(origin) + "=" + auth::seal_host_cookie(key, host, pass) +
               "\r\n";
    }
    /// A request of the owner's browser to the session.
    std::string request(const std::string& line, const std::string& more = {},
                        const std::string& host = "lab-7f3k.apps.test") {
        return line + " HTTP/1.1\r\nHost: " + host + "\r\n" + cookie("ann", host) + more + "\r\n";
    }
    std::string ask(const std::string& bytes) const {
        auto peer = connect();
        peer.send(bytes);
        return peer.receive_response();
    }

    Session session(const std::string& id = "ses_lab") {
        return read([id](store::Rows& rows) { return rows.get_session(Caller::system(), {id}); });
    }
    /// Changes the row as the loop or the API would, with an event, and waits until the routes know.
    void change(const std::function<void(Session&)>& edit, const std::string& id = "ses_lab") {
        write([&](store::Tx& tx) {
            auto row = tx.get_session(Caller::system(), {id});
            edit(row);
            tx.update_session(row);
            tx.append({.at = row.created_at,
                       .actor = "berth",
                       .kind = "session.updated",
                       .subject_kind = "session",
                       .subject = id,
                       .owner = row.user});
        });
        const auto row = session(id);
        const auto expected = make_route(row, spec(), "ann");
        eventually([&] {
            const auto route = service->routes().find(row.host);
            return row.status.phase == Phase::gone
                       ? !route
                       : route && route->live == expected.live && route->failed == expected.failed &&
                             route->incarnation == expected.incarnation;
        });
    }
    /// The session gets a template that says this of use of its first way in.
    void rule(ActivityRule rule) {
        const auto revision = ++revisions_;
        write([&](store::Tx& tx) {
            auto changed = spec();
            changed.access[0].activity = rule;
            tx.insert_revision({.name = "web",
                                .revision = revision,
                                .spec = std::move(changed),
                                .created_at = clock.now(),
                                .updated_at = clock.now()});
        });
        change([&](Session& row) { row.revision = revision; });
        eventually([&] { return service->routes().find("lab-7f3k")->first->activity == rule; });
    }
    void hibernate() {
        change([](Session& row) {
            row.asks.hibernate = *row.asks.wake + Duration(1);
            row.status.phase = Phase::hibernated;
        });
    }
    /// What the loop reports once the wanted incarnation runs.
    void run() {
        change([](Session& row) {
            row.status.phase = Phase::running;
            row.status.incarnation = row.incarnation;
        });
    }
    std::vector<Event> events(const std::string& kind) {
        auto all = read([](store::Rows& rows) { return rows.events_after(Caller::system(), 0, 10'000); });
        std::erase_if(all, [&](const Event& event) { return event.kind != kind; });
        return all;
    }

    static TemplateSpec spec() {
        TemplateSpec spec;
        Component main{.name = "main", .image = "x"};
        main.ports = {{.name = "http", .port = 3000}, {.name = "rpc", .port = 4000}};
        spec.components = {main};
        spec.access = {
            {.name = "ide", .component = "main", .port = "http", .kind = AccessKind::web, .default_ = true},
            {.name = "rpc", .component = "main", .port = "rpc", .kind = AccessKind::web},
            {.name = "shell", .component = "main", .port = {}, .kind = AccessKind::terminal}};
        return spec;
    }

    SystemClock clock;
    std::unique_ptr<store::Store> store;
    auth::Origin origin;
    DialEngine engine;
    asio::io_context control;
    std::unique_ptr<GatewayService> service;
    std::unique_ptr<net::Server> server;
    std::thread thread;

  private:
    int revisions_ = 1;
    void seed() {
        write([this](store::Tx& tx) {
            const Time now = clock.now();
            for (const std::string name : {"ann", "bob"}) {
                tx.insert_user({.id = {"usr_" + name}, .name = name, .created_at = now});
                tx.insert_login({.id = {"log_" + name},
                                 .user = {"usr_" + name},
                                 .secret_hash = crypto::sha256_hex(name),
                                 .user_agent = "",
                                 .created_at = now,
                                 .expires_at = now + std::chrono::hours(24)});
            }
            tx.insert_revision(
                {.name = "web", .revision = 1, .spec = spec(), .created_at = now, .updated_at = now});
            Session row{.id = {"ses_lab"},
                        .user = {"usr_ann"},
                        .name = "lab",
                        .host = "lab-7f3k",
                        .template_ = "web"};
            row.engine = "container";
            row.asks.wake = row.asked_at = row.created_at = now;
            row.status.phase = Phase::running;
            row.status.incarnation = 1;
            tx.insert_session(row);
        });
    }
};

}  // namespace berth::gateway::test
