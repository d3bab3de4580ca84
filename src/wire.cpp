#include "wire.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "acting.hpp"
#include "acts/activity.hpp"
#include "acts/place.hpp"
#include "acts/quota.hpp"
#include "api/api.hpp"
#include "auth/auth.hpp"
#include "auth/host_cookie.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/timeout.hpp"
#include "catalog.hpp"
#include "crypto/random.hpp"
#include "embedded.hpp"
#include "engines.hpp"
#include "gateway/service.hpp"
#include "installation.hpp"
#include "master_key.hpp"
#include "material.hpp"
#include "net/http_server.hpp"
#include "operator/leader.hpp"
#include "store/address.hpp"
#include "store/shared_clock.hpp"
#include "store/store.hpp"

namespace berth {
namespace {

constexpr Duration stop_limit = std::chrono::seconds(5);
/// Until everybody who sends us connections has heard that we take no more.
constexpr Duration welcome_limit = std::chrono::seconds(5);
/// For what the operator has begun: what ends later is refused by the store as another's.
constexpr Duration hand_over_limit = std::chrono::seconds(2);
constexpr Duration clock_every = std::chrono::seconds(15);
/// What people did is known with this delay; nothing that is idle stops before.
constexpr Duration report_every = std::chrono::seconds(10);

log::Level level_of(const std::string& name) {
    if (name == "debug") return log::Level::debug;
    if (name == "warning") return log::Level::warning;
    if (name == "error") return log::Level::error;
    return log::Level::info;
}

/// Where this process stands on its way.
enum class Stage { starting, ready, draining };

std::optional<Error> why_not_ready(Stage stage) {
    if (stage == Stage::starting)
        return Error(Kind::unavailable, "starting", "this Berth is not ready yet", "ask again");
    if (stage == Stage::draining)
        return Error(Kind::unavailable, "draining", "this Berth is on its way out",
                     "nothing is wrong: what it has open goes on, and new requests go to another");
    return std::nullopt;
}

/// A directory of our own that nobody else can look into.
void make_private(const std::string& path) {
    std::error_code ec;
    std::filesystem::create_directories(path, ec);
    if (ec)
        throw Error(Kind::invalid, "data_directory_unusable",
                    "data directory " + berth::quoted(path) + ": " + ec.message(),
                    "name another one with --data-directory");
    ::chmod(path.c_str(), 0700);
}

/// Runs a task of the store to its end before any loop runs.
template <class T>
T run_now(asio::io_context& io, Task<T> task) {
    std::exception_ptr failure;
    std::optional<T> result;
    auto keep = [&](std::exception_ptr thrown, T value) {
        failure = thrown;
        result = std::move(value);
    };
    asio::co_spawn(io, std::move(task), keep);
    io.restart();
    io.run();
    if (failure) std::rethrow_exception(failure);
    return std::move(*result);
}

void run_now(asio::io_context& io, Task<> task) {
    std::exception_ptr failure;
    asio::co_spawn(io, std::move(task), [&](std::exception_ptr thrown) { failure = thrown; });
    io.restart();
    io.run();
    if (failure) std::rethrow_exception(failure);
}

Task<> keep_place(store::Store& store, const Config& config) {
    if (config.engine != "kubernetes") co_return;
    auto keep = [choice = config.session_namespaces](store::Tx& tx) { acts::keep_place(tx, choice); };
    co_await store.write(keep);
}

/// Whoever acts says what there is room for; the others judge by what was said.
Task<> say_capacity(store::Store& store, const Config& config, std::string engine) {
    const auto& room = config.engine_capacity;
    const Quota capacity{.running = room.running, .cpu = room.cpu, .memory = room.memory, .gpu = room.gpu};
    auto keep = [engine, capacity](store::Tx& tx) { acts::keep_capacity(tx, engine, capacity); };
    co_await store.write(keep);
}

}  // namespace

struct Wire::Parts {
    explicit Parts(Config given)
        : config(with_defaults(std::move(given))),
          store(store::open(prepared(), clock)),
          instance(run_now(io, instance_of(*store))),
          secret(run_now(io, secret_of(*store))),
          keyring(run_now(io, open_keyring(*store, config, std::move(given_key), clock))),
          origin(auth::make_origin(config.url, config.apps_domain, instance)),
          roles(roles_of(config)),
          acting(io.get_executor()),
          tasks(io.get_executor()) {
        run_now(io, keep_place(*store, config));
        if (!shared()) return;
        holder = make_holder();
        run_now(io, clock.set_by(*store));
    }

    /// Whether other Berths may be on the database.
    bool shared() const { return store::parse_address(config.database).kind == store::Address::server; }

    /// Which database, after what it needs is there.
    store::Options prepared() {
        log::configure(level_of(config.log_level),
                       config.log_format == "json" ? log::Format::json : log::Format::text);
        make_private(config.data_directory);
        store::Options options{.database = config.database};
        options.server.password_file = config.database_password_file;
        return options;
    }

    net::ServerConfig listener() const {
        const auto [host, port] = listen_address(config);
        return {.host = host,
                .port = port,
                .unix_path = data_path(config, "berth.sock"),
                .loops = config.loops,
                .connections_max = config.connections,
                .tls = origin.https,
                .proxies = net::AddressRanges(words_of(config.trusted_proxies))};
    }

    // In the order in which one needs the other: the last is the first to go.
    SecretText given_key = take_given_key();
    Config config;
    store::SharedClock clock;
    asio::io_context io{1};  // The control loop.
    std::unique_ptr<store::Store> store;
    acts::Activity activity{*store, clock, crypto::new_id("run")};
    std::string instance;
    SecretText secret;
    acts::Keyring keyring;
    acts::Vault vault{*store, keyring};
    auth::Origin origin;
    Roles roles;
    std::string holder;  ///< Empty for who is alone on a database.
    std::atomic<Stage> stage = Stage::starting;
    Metrics metrics;
    auth::Passwords passwords;
    std::vector<catalog::Starter> starters;
    std::unique_ptr<engine::Engine> engine;
    std::unique_ptr<api::Api> api;
    std::unique_ptr<gateway::GatewayService> gateway;
    std::unique_ptr<control::Lease> lease;    ///< Null where nobody looks at it.
    std::unique_ptr<control::Leader> leader;  ///< Null for who is alone on a database, or does not act.
    std::unique_ptr<net::Server> server;
    TaskGroup acting;  ///< The operator, which goes before the rest.
    TaskGroup tasks;
};

Wire::Wire(Config config) : parts_(std::make_unique<Parts>(std::move(config))) {}
Wire::~Wire() = default;

const Config& Wire::config() const {
    return parts_->config;
}
engine::Engine& Wire::engine() {
    return *parts_->engine;
}
Clock& Wire::clock() {
    return parts_->clock;
}
std::vector<std::string> Wire::starter_images() const {
    std::vector<std::string> images;
    for (const auto& starter : parts_->starters) images.push_back(starter.image);
    return images;
}

Task<std::optional<std::string>> Wire::first_link() {
    auto issue = [now = parts_->clock.now(),
                  alone = !parts_->shared()](store::Tx& tx) -> std::optional<std::string> {
        // Of several each has printed one: whichever is used first ends the others.
        if (alone) tx.delete_tickets(store::TicketKind::first_admin);
        const auto secret = auth::issue_first_ticket(tx, now);
        if (!secret) return std::nullopt;
        return secret->reveal();
    };
    const auto secret = co_await parts_->store->write(issue);
    if (!secret) co_return std::nullopt;
    co_return parts_->config.url + "/sign-in/" + *secret;
}

namespace {

/// The platform answers on its own host and, on a laptop, on the machine's own names. A host whose part this
/// process does not run is none of its hosts.
net::Destination destination(const auth::Origin& origin, const Roles& roles,
                             const gateway::GatewayService& gateway, std::string_view host) {
    if (gateway.owns(host)) return roles.gateway ? net::Destination::session : net::Destination::unknown;
    if (!roles.api) return net::Destination::unknown;
    const std::string_view own = std::string_view(origin.url).substr(origin.url.find("//") + 2);
    const auto port = own.substr(std::min(own.rfind(':'), own.size()));
    const bool local = own.starts_with("localhost") &&
                       (host == "127.0.0.1" + std::string(port) || host == "[::1]" + std::string(port));
    return host == own || local ? net::Destination::platform : net::Destination::unknown;
}

/// One step of the way down; the next ones come in any case.
Task<> finish(std::string what, Task<> step) {
    std::string failure;
    try {
        co_await std::move(step);
    } catch (const std::exception& error) {
        failure = error.what();
    }
    if (!failure.empty()) log::warning("not ended cleanly", {{"what", what}, {"error", failure}});
}

}  // namespace

void Wire::run(std::function<Task<>(Wire&)> started) {
    auto& parts = *parts_;
    auto executor = parts.io.get_executor();
    if (parts.config.starter_catalog) {
        parts.starters = catalog::unpack(data_path(parts.config, "catalog"));
        run_now(parts.io, catalog::install(*parts.store, parts.clock, parts.config.catalog_registry));
    }
    parts.engine = make_engine(parts.config, {parts.instance, parts.secret}, parts.clock, executor,
                               parts.starters, material_from(parts.vault));
    const std::map<std::string, engine::Engine*> engines{{parts.engine->name(), parts.engine.get()}};
    api::Dependencies dependencies{.store = *parts.store,
                                   .clock = parts.clock,
                                   .activity = parts.activity,
                                   .passwords = parts.passwords,
                                   .engines = engines,
                                   .default_engine = parts.engine->name(),
                                   .origin = parts.origin,
                                   .version = BERTH_VERSION,
                                   .executor = executor,
                                   .files = embedded::web_files(),
                                   .holder = parts.holder,
                                   .keyring = parts.keyring,
                                   .file_limits = {.each = parts.config.file_max,
                                                   .together = parts.config.files_max,
                                                   .types = words_of(parts.config.file_types)},
                                   .not_ready = [&stage = parts.stage] { return why_not_ready(stage); },
                                   .metrics = &parts.metrics};
    parts.api = std::make_unique<api::Api>(std::move(dependencies));
    auto url_of = [origin = parts.origin](const Session& session) {
        return (origin.https ? "https://" : "http://") + session.host + "." + origin.apps_domain;
    };
    // One at a time of all Berths on the database; who is alone on it asks nobody.
    auto lead = [&parts, engines, url_of, executor](std::optional<std::int64_t> epoch) -> Task<> {
        co_await say_capacity(*parts.store, parts.config, parts.engine->name());
        const control::LoopOptions options{
            .looks_at_once = parts.config.looks_at_once, .epoch = epoch, .metrics = &parts.metrics};
        control::Loop loop(*parts.store, parts.clock, engines, url_of, options, executor);
        const auto mirror =
            make_mirror(*parts.store, parts.clock, *parts.engine, parts.origin, epoch, executor);
        control::Resealer resealer(*parts.store, parts.clock, parts.keyring, epoch, executor);
        co_await act(loop, resealer, mirror.get(), parts.lease.get(), parts.holder, epoch);
    };
    if (parts.shared() && parts.roles.operator_) {
        parts.lease = make_lease(parts.config, parts.instance, parts.clock, executor);
        parts.leader = std::make_unique<control::Leader>(
            *parts.store, parts.clock, control::LeaderOptions{.holder = parts.holder}, executor);
    }
    parts.gateway = std::make_unique<gateway::GatewayService>(*parts.store, *parts.engine, parts.clock,
                                                              parts.origin, executor);
    parts.gateway->use_of_frozen = [&parts](const SessionId& session, Time at, std::string_view source) {
        parts.activity.note(session, at, source);
    };
    parts.activity.collect = [&parts](acts::Activity& activity) { parts.gateway->collect(activity); };
    net::Dispatch dispatch{
        .decide =
            [&parts](std::string_view host) {
                return destination(parts.origin, parts.roles, *parts.gateway, host);
            },
        .platform = [&parts](net::Request request) { return parts.api->answer(std::move(request)); },
        .session = parts.gateway->handler(),
        // A proxy asks under the name that it has for us.
        .anywhere = {"/healthz", "/readyz", "/metrics", "/version", "/api/v1/version", "/auth/verify"},
        .streams = api::Api::streams};
    parts.server = std::make_unique<net::Server>(parts.listener(), std::move(dispatch));
    parts.gateway->attach(*parts.server);
    parts.server->start();

    auto serve = [lead](Wire& wire, std::function<Task<>(Wire&)> then) -> Task<> {
        auto& own = *wire.parts_;
        if (own.roles.gateway) co_await own.gateway->start();
        if (own.roles.gateway || own.roles.api) own.tasks.start("activity", own.activity.run(report_every));
        co_await own.engine->start();
        if (own.stage == Stage::draining) co_return;
        if (own.shared()) own.tasks.start("clock", own.clock.follow(*own.store, clock_every));
        if (own.roles.operator_) {
            own.tasks.start("starter images",
                            catalog::prepare(*own.engine, own.clock, wire.starter_images()));
            own.acting.start("operator", own.leader ? own.leader->run(lead) : lead(std::nullopt));
        }
        own.stage = Stage::ready;
        co_await then(wire);
    };
    std::exception_ptr failure;
    asio::signal_set signals(parts.io, SIGINT, SIGTERM);
    bool stopping = false;
    auto stop = [&parts, &stopping]() -> void {
        if (std::exchange(stopping, true)) return;
        auto wind_down = [](Parts& own) -> Task<> {
            own.stage = Stage::draining;
            // First of all, so that another acts while we see our clients off.
            own.acting.cancel();
            auto acted = finish_within(own.clock, hand_over_limit, "the operator", own.acting.join());
            co_await finish("operator", std::move(acted));
            if (own.leader) co_await finish("leadership", own.leader->resign());
            if (own.config.drain_limit > Duration(0))
                co_await finish("clients", own.server->leave(welcome_limit, own.config.drain_limit));
            co_await finish("server", own.server->stop(stop_limit));
            own.tasks.cancel();
            co_await finish("tasks", own.tasks.join());
            co_await finish("activity", own.activity.end());
            co_await finish("operator", own.acting.join());
            if (own.lease) own.lease->close();
            co_await finish("engine", own.engine->stop());
            own.store->close();
            own.io.stop();
        };
        asio::co_spawn(parts.io, wind_down(parts), [&parts](std::exception_ptr) { parts.io.stop(); });
    };
    signals.async_wait([&](boost::system::error_code ec, int) {
        if (ec) return;
        // A second one ends it at once: nothing is lost by it, as nothing is by kill -9. Not by the default,
        // which process 1 of a container does not have.
        auto end = [](int signal) { ::_exit(128 + signal); };
        std::signal(SIGINT, end);
        std::signal(SIGTERM, end);
        log::info("stopping", {{"drain_limit", to_string(parts.config.drain_limit)}});
        stop();
    });
    asio::co_spawn(parts.io, serve(*this, std::move(started)), [&](std::exception_ptr thrown) {
        failure = thrown;
        if (thrown) stop();
    });
    parts.io.restart();
    parts.io.run();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace berth
