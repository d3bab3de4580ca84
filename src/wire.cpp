#include "wire.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "api/api.hpp"
#include "auth/auth.hpp"
#include "auth/host_cookie.hpp"
#include "base/log.hpp"
#include "catalog.hpp"
#include "crypto/random.hpp"
#include "embedded.hpp"
#include "engines.hpp"
#include "gateway/service.hpp"
#include "net/http_server.hpp"
#include "operator/leader.hpp"
#include "operator/loop.hpp"
#include "store/address.hpp"
#include "store/store.hpp"

namespace berth {
namespace {

constexpr Duration stop_limit = std::chrono::seconds(5);
constexpr Duration first_link_lifetime = std::chrono::hours(24);

log::Level level_of(const std::string& name) {
    if (name == "debug") return log::Level::debug;
    if (name == "warning") return log::Level::warning;
    if (name == "error") return log::Level::error;
    return log::Level::info;
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

Task<std::string> instance_of(store::Store& store) {
    auto find_or_make = [](store::Tx& tx) {
        if (auto known = tx.find_setting("instance.id")) return *known;
        // Long enough that no two on a machine share it: what carries it is taken for one's own.
        auto made = crypto::sha256_hex(crypto::random_text(16)).substr(0, 8);
        tx.set_setting("instance.id", made);
        return made;
    };
    co_return co_await store.write(find_or_make);
}

/// What only this installation knows, for as long as its database lives.
Task<std::string> secret_of(store::Store& store) {
    auto find_or_make = [](store::Tx& tx) {
        if (auto known = tx.find_setting("instance.secret")) return *known;
        auto made = crypto::sha256_hex(crypto::random_text(32));
        tx.set_setting("instance.secret", made);
        return made;
    };
    co_return co_await store.write(find_or_make);
}

}  // namespace

struct Wire::Parts {
    explicit Parts(Config given)
        : config(with_defaults(std::move(given))),
          store(store::open(prepared(), clock)),
          instance(run_now(io, instance_of(*store))),
          secret(run_now(io, secret_of(*store))),
          origin(auth::make_origin(config.url, config.apps_domain, instance)),
          tasks(io.get_executor()) {}

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
    Config config;
    SystemClock clock;
    asio::io_context io{1};  // The control loop.
    std::unique_ptr<store::Store> store;
    std::string instance;
    SecretText secret;
    auth::Origin origin;
    auth::Passwords passwords;
    std::vector<catalog::Starter> starters;
    std::unique_ptr<engine::Engine> engine;
    std::unique_ptr<api::Api> api;
    std::unique_ptr<gateway::GatewayService> gateway;
    std::unique_ptr<control::Leader> leader;  ///< Null for who is alone on a database.
    std::unique_ptr<net::Server> server;
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
    auto issue = [now = parts_->clock.now()](store::Tx& tx) -> std::optional<std::string> {
        const auto users = tx.list_users({.equal = {{"role", "admin"}}});
        if (users.total > 0) return std::nullopt;
        tx.delete_tickets(store::TicketKind::first_admin);
        const auto secret = auth::issue_ticket(
            tx, {.kind = store::TicketKind::first_admin, .expires_at = now + first_link_lifetime});
        return secret.reveal();
    };
    const auto secret = co_await parts_->store->write(issue);
    if (!secret) co_return std::nullopt;
    co_return parts_->config.url + "/sign-in/" + *secret;
}

namespace {

/// The platform answers on its own host and, on a laptop, on the machine's own names.
net::Destination destination(const auth::Origin& origin, const gateway::GatewayService& gateway,
                             std::string_view host) {
    if (gateway.owns(host)) return net::Destination::session;
    const std::string_view own = std::string_view(origin.url).substr(origin.url.find("//") + 2);
    const auto port = own.substr(std::min(own.rfind(':'), own.size()));
    const bool local = own.starts_with("localhost") &&
                       (host == "127.0.0.1" + std::string(port) || host == "[::1]" + std::string(port));
    return host == own || local ? net::Destination::platform : net::Destination::unknown;
}

Task<> prepare_image(engine::Engine& engine, const std::string& image) {
    const auto there = co_await engine.resolve_image(image);
    if (!there) co_await engine.prepare_image(image);
}

/// Makes the starter images one after the other, so that the first is there soon. An engine that is away or
/// too busy is asked again.
Task<> prepare_images(engine::Engine& engine, Clock& clock, std::vector<std::string> images) {
    for (const auto& image : images) {
        for (bool asked = false; !asked;) {
            try {
                co_await prepare_image(engine, image);
                asked = true;
            } catch (const Error& error) {
                log::warning("image not made yet", {{"image", image}, {"error", error.what()}});
            }
            if (!asked) co_await clock.sleep(std::chrono::seconds(5));
        }
    }
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
    parts.engine =
        make_engine(parts.config, {parts.instance, parts.secret}, parts.clock, executor, parts.starters);
    const std::map<std::string, engine::Engine*> engines{{parts.engine->name(), parts.engine.get()}};
    api::Dependencies dependencies{.store = *parts.store,
                                   .clock = parts.clock,
                                   .passwords = parts.passwords,
                                   .engines = engines,
                                   .default_engine = parts.engine->name(),
                                   .origin = parts.origin,
                                   .version = BERTH_VERSION,
                                   .executor = executor,
                                   .files = embedded::web_files()};
    parts.api = std::make_unique<api::Api>(std::move(dependencies));
    auto url_of = [origin = parts.origin](const Session& session) {
        return (origin.https ? "https://" : "http://") + session.host + "." + origin.apps_domain;
    };
    // One at a time of all Berths on the database; who is alone on it asks nobody.
    auto lead = [&parts, engines, url_of, executor](std::optional<std::int64_t> epoch) -> Task<> {
        const control::LoopOptions options{.looks_at_once = parts.config.looks_at_once, .epoch = epoch};
        control::Loop loop(*parts.store, parts.clock, engines, url_of, options, executor);
        co_await loop.run();
    };
    if (store::parse_address(parts.config.database).kind == store::Address::server)
        parts.leader = std::make_unique<control::Leader>(
            *parts.store, parts.clock, control::LeaderOptions{.holder = crypto::new_id("ber")}, executor);
    parts.gateway = std::make_unique<gateway::GatewayService>(*parts.store, *parts.engine, parts.clock,
                                                              parts.origin, executor);
    net::Dispatch dispatch{
        .decide = [&parts](std::string_view host) { return destination(parts.origin, *parts.gateway, host); },
        .platform = [&parts](net::Request request) { return parts.api->answer(std::move(request)); },
        .session = parts.gateway->handler(),
        // A proxy asks under the name that it has for us.
        .anywhere = {"/healthz", "/readyz", "/metrics", "/version", "/auth/verify"}};
    parts.server = std::make_unique<net::Server>(parts.listener(), std::move(dispatch));
    parts.gateway->attach(*parts.server);
    parts.server->start();

    auto serve = [lead](Wire& wire, std::function<Task<>(Wire&)> then) -> Task<> {
        auto& own = *wire.parts_;
        co_await own.gateway->start();
        co_await own.engine->start();
        own.tasks.start("starter images", prepare_images(*own.engine, own.clock, wire.starter_images()));
        own.tasks.start("operator", own.leader ? own.leader->run(lead) : lead(std::nullopt));
        co_await then(wire);
    };
    std::exception_ptr failure;
    asio::signal_set signals(parts.io, SIGINT, SIGTERM);
    bool stopping = false;
    auto stop = [&parts, &stopping]() -> void {
        if (std::exchange(stopping, true)) return;
        auto wind_down = [](Parts& own) -> Task<> {
            co_await finish("server", own.server->stop(stop_limit));
            co_await finish("activity", own.gateway->report_activity());
            own.tasks.cancel();
            co_await finish("tasks", own.tasks.join());
            if (own.leader) co_await finish("leadership", own.leader->resign());
            co_await finish("engine", own.engine->stop());
            own.store->close();
            own.io.stop();
        };
        asio::co_spawn(parts.io, wind_down(parts), [&parts](std::exception_ptr) { parts.io.stop(); });
    };
    signals.async_wait([&](boost::system::error_code ec, int) {
        if (ec) return;
        // A second one ends it at once: nothing is lost by it, as nothing is by kill -9.
        std::signal(SIGINT, SIG_DFL);
        std::signal(SIGTERM, SIG_DFL);
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
