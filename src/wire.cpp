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
#include "engine/container/container_engine.hpp"
#include "engine/kubernetes/kubernetes_engine.hpp"
#include "engine/sim/sim.hpp"
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
                .tls = origin.https};
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

namespace {

/// Puts the carried berth-init where containers can have it mounted.
std::string unpack_init(const Config& config) {
    const auto path = std::filesystem::absolute(data_path(config, "bin/berth-init"));
    std::filesystem::create_directories(path.parent_path());
    for (const auto& entry : embedded::below("/bin/berth-init")) {
        // Running containers hold the old file open: replace its name, never its bytes.
        const auto fresh = path.string() + ".new";
        std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
        file.write(entry.bytes.data(), static_cast<std::streamsize>(entry.bytes.size()));
        file.close();
        if (!file) throw Error(Kind::unavailable, "storage_failed", "cannot write " + fresh);
        std::filesystem::permissions(fresh, std::filesystem::perms(0755));
        std::filesystem::rename(fresh, path);
    }
    return path.string();
}

}  // namespace

namespace {

/// Where the cluster is, from what is configured or else from where we are.
kube::Cluster find_cluster(const Config& config) {
    if (!config.kubeconfig.empty()) return kube::read_kubeconfig(config.kubeconfig, config.kube_context);
    if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr) return kube::inside_cluster();
    if (const char* named = std::getenv("KUBECONFIG"); named != nullptr && *named != '\0')
        return kube::read_kubeconfig(named, config.kube_context);
    const char* home = std::getenv("HOME");
    return kube::read_kubeconfig(std::string(home == nullptr ? "" : home) + "/.kube/config",
                                 config.kube_context);
}

/// `NAMESPACE/LABEL=VALUE` or a range of addresses.
std::optional<engine::kubernetes::Peers> read_peers(const std::string& text) {
    if (text.empty()) return std::nullopt;
    const auto slash = text.find('/');
    if (slash != text.npos && text.find_first_not_of("0123456789", slash + 1) == text.npos)
        return engine::kubernetes::Peers{.range = text};
    const auto equals = text.rfind('=');
    if (slash == text.npos || equals == text.npos || equals < slash)
        throw Error(Kind::invalid, "invalid_config",
                    "gatewayPods: expected NAMESPACE/LABEL=VALUE or a range of addresses");
    engine::kubernetes::Peers peers{.namespace_ = text.substr(0, slash)};
    peers.labels[text.substr(slash + 1, equals - slash - 1)] = text.substr(equals + 1);
    return peers;
}

/// Of the machine that berth-init was built for, as nodes say it.
constexpr const char* architecture =
#if defined(__aarch64__)
    "arm64";
#else
    "amd64";
#endif

engine::KubernetesOptions kubernetes_options(const Config& config, const Installation& installation) {
    engine::KubernetesOptions options{.cluster = find_cluster(config),
                                      .instance = installation.instance,
                                      .secret = installation.secret,
                                      .namespace_ = config.session_namespace,
                                      .architecture = architecture,
                                      .storage_class = config.storage_class,
                                      .pull_secrets = words_of(config.pull_secrets),
                                      .open_ranges = words_of(config.open_ranges),
                                      .closed_ranges = words_of(config.closed_ranges),
                                      .gateway = read_peers(config.gateway_pods),
                                      .pod_overlay = config.pod_overlay,
                                      .overcommit = config.cpu_overcommit};
    options.client.user_agent = std::string("berth/") + BERTH_VERSION;
    for (const auto& entry : embedded::below("/bin/berth-init")) options.init_program = entry.bytes;
    if (config.pod_access == "direct") options.reach = engine::Reach::direct;
    if (config.pod_access == "forward") options.reach = engine::Reach::forward;
    return options;
}

}  // namespace

std::unique_ptr<engine::Engine> make_engine(const Config& config, const Installation& installation,
                                            Clock& clock, asio::any_io_executor executor,
                                            const std::vector<catalog::Starter>& starters) {
    if (config.engine == "sim")
        return std::make_unique<engine::SimEngine>(clock, executor, engine::Faults{}, 1);
    if (config.engine == "kubernetes")
        return std::make_unique<engine::KubernetesEngine>(executor, clock,
                                                          kubernetes_options(config, installation));
    engine::ContainerOptions options{.socket = config.engine_socket,
                                     .data = std::filesystem::absolute(config.data_directory).string(),
                                     .instance = installation.instance,
                                     .init = unpack_init(config),
                                     .base_image = config.base_image};
    for (const auto& starter : starters) options.builds.push_back({starter.image, starter.context});
    return std::make_unique<engine::ContainerEngine>(executor, clock, std::move(options));
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
        .anywhere = {"/healthz", "/readyz", "/metrics", "/version"}};
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
