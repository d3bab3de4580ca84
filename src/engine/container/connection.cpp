// The engine's connection: finding it, following its events, noticing that it went away and came back.

#include <filesystem>

#include "base/log.hpp"
#include "base/timeout.hpp"
#include "engine/container/container_engine.hpp"
#include "engine/container/names.hpp"

namespace berth::engine {
namespace {

constexpr std::chrono::milliseconds retry_first{100};
constexpr std::chrono::seconds retry_most{5};
constexpr std::chrono::seconds first_limit{15};
// Asking again for a moment that was heard already costs nothing; a gap would cost an event.
constexpr std::int64_t overlap = 2'000'000'000;

UserMapping mapping_of(const container::Version& version, const container::SystemReport& info) {
    if (info.user_namespaces) return UserMapping::by_engine;
    // Whether it has a range to give shows when it is asked for.
    return version.podman ? UserMapping::automatic : UserMapping::none;
}

}  // namespace

ContainerEngine::ContainerEngine(asio::any_io_executor executor, Clock& clock, ContainerOptions options)
    : executor_(executor),
      clock_(clock),
      options_(std::move(options)),
      firewall_(options_.instance, clock),
      place_{.instance = options_.instance, .data = options_.data, .init = options_.init},
      tasks_(executor) {
    socket_ = options_.socket;
    if (socket_.empty() && !options_.own_service) socket_ = probe_socket();
    if (socket_.empty()) {
        service_ = std::make_unique<PodmanService>(options_.data, options_.podman);
        socket_ = service_->socket();
    }
    client_ =
        std::make_unique<container::Client>(net::Address{.unix_path = socket_, .host = "engine"}, clock);
    images_ = std::make_unique<Images>(executor, *client_, clock, options_.builds);
}

ContainerEngine::~ContainerEngine() = default;

Task<> ContainerEngine::start() {
    namespace fs = std::filesystem;
    const auto run = options_.data + "/run";
    std::error_code ec;
    fs::create_directories(run, ec);
    if (!ec) fs::permissions(run, fs::perms::owner_all, ec);
    if (ec) throw Error(Kind::internal, "internal", "cannot make " + run + ": " + ec.message());
    if (!fs::exists(options_.init))
        throw Error(Kind::internal, "internal", "berth-init is missing at " + options_.init);
    remove_discarded();
    tasks_.start("follow the container engine", follow());
    tasks_.start("list the container engine", relist_regularly());
    // The first calls should find it up; when it does not come up, that is reported, and tried again.
    const auto until = clock_.now() + first_limit;
    while (down_ && clock_.now() < until) co_await clock_.sleep(std::chrono::milliseconds(10));
}

Task<> ContainerEngine::stop() {
    images_->cancel();
    tasks_.cancel();
    co_await images_->join();
    co_await tasks_.join();
    co_await leave_firewall();
    client_->close_idle();
    if (service_) service_->stop();
    down_ = "stopped";
}

/// What goes on without us stays isolated; when nothing does, no table is left behind.
Task<> ContainerEngine::leave_firewall() {
    try {
        const auto left = co_await list();
        if (left.empty()) co_await firewall_.remove();
    } catch (const Error& error) {
        log::warning("the nftables table stays", {{"why", error.user}});
    }
}

Task<> ContainerEngine::connect() {
    if (service_) service_->ensure();
    version_ = co_await client_->version();
    info_ = co_await client_->info();
    place_.podman = version_.podman;
    place_.mapping = mapping_of(version_, info_);
    Builder builder{.program = version_.podman ? options_.podman : "docker", .base = options_.base_image};
    if (service_) builder.env = service_->env();
    if (!version_.podman) builder.env["DOCKER_HOST"] = "unix://" + socket_;
    images_->set_builder(std::move(builder));
}

/// Forever: connects, follows the events, and begins again when they end.
Task<> ContainerEngine::follow() {
    Duration pause = retry_first;
    while (true) {
        std::string why = "it closed the connection";
        try {
            co_await connect();
            const auto filters = json::write(
                json::object{{"label", json::array{std::string(label_instance) + "=" + options_.instance}},
                             {"type", json::array{"container"}}});
            const auto since = last_event_ > overlap ? last_event_ - overlap : 0;
            auto opened = [this, &pause] {
                pause = retry_first;
                tasks_.start("list the container engine", come_up(++connection_));
            };
            auto hear = [this](const container::Event& event) { heard(event); };
            co_await client_->events(filters, since, std::move(opened), std::move(hear));
        } catch (const Error& error) {
            why = error.user;
        } catch (const boost::system::system_error& error) {
            if (error.code() == asio::error::operation_aborted) throw;
        }
        if (service_ && service_->pid() < 0)
            if (const auto words = service_->last_words(); !words.empty()) why += " (" + words + ")";
        went_down(why);
        co_await clock_.sleep(pause);
        pause = std::min<Duration>(pause * 2, retry_most);
    }
}

void ContainerEngine::went_down(const std::string& why) {
    if (!down_) log::warning("the container engine is away", {{"engine", options_.name}, {"why", why}});
    down_ = why;
    ++connection_;
    for (auto& [id, cached] : cache_) make_stale(cached);
}

Task<> ContainerEngine::relist_regularly() {
    while (true) {
        co_await clock_.sleep(options_.relist);
        if (down_) continue;
        try {
            co_await relist();
            co_await firewall_.check();
        } catch (const Error& error) {
            log::warning("listing the container engine failed",
                         {{"engine", options_.name}, {"error", error.what()}});
        }
    }
}

/// Marks every workload whose containers are not those that the cache shows. After an outage: all of them.
Task<> ContainerEngine::relist() {
    const container::Labels ours{{label_instance, options_.instance}};
    const bool was_down = down_.has_value();
    const auto containers = co_await client_->list(ours);
    if (was_down) {
        std::vector<Bridge> bridges;
        for (const auto& network : co_await client_->list_networks(ours))
            if (const auto label = network.labels.find(label_workload); label != network.labels.end())
                bridges.push_back({bridge_name(options_.instance, {label->second}), network.internal});
        co_await firewall_.load(std::move(bridges));
    }
    std::map<WorkloadId, std::map<std::string, ContainerState>> there;
    for (const auto& summary : containers)
        if (const auto label = summary.labels.find(label_workload); label != summary.labels.end()) {
            const auto* cached = find_known(summary.labels, summary.id);
            there[{label->second}][summary.id] =
                state_now(summary.state, cached != nullptr ? cached->freezer : std::nullopt);
        }
    for (const auto& [id, cached] : cache_) there.try_emplace(id);
    if (was_down) {
        down_.reset();
        log::info("the container engine answers", {{"engine", options_.name}, {"version", version_.version}});
    }
    for (const auto& [id, states] : there) {
        std::map<std::string, ContainerState> known;
        if (const auto cached = cache_.find(id); cached != cache_.end())
            for (const auto& [handle, entry] : cached->second.containers) known[handle] = entry.seen.state;
        if (was_down || known != states) touch(id);
    }
}

void ContainerEngine::heard(const container::Event& event) {
    last_event_ = std::max(last_event_, event.nanoseconds);
    const auto workload = event.labels.find(label_workload);
    const auto instance = event.labels.find(label_instance);
    if (workload == event.labels.end() || instance == event.labels.end()) return;
    if (instance->second != options_.instance) return;
    // Who was started again by somebody else waits again.
    if (const auto cached = cache_.find({workload->second}); cached != cache_.end())
        for (auto& [handle, known] : cached->second.containers)
            if (known.bound_late) known.inspected = false;
    touch({workload->second});
}

/// The engine listens: it is up once everything was listed.
Task<> ContainerEngine::come_up(std::uint64_t connection) {
    while (connection == connection_) {
        try {
            co_await relist();
            co_return;
        } catch (const Error& error) {
            log::warning("listing the container engine failed",
                         {{"engine", options_.name}, {"error", error.what()}});
        }
        co_await clock_.sleep(retry_first);
    }
}

ContainerEngine::Cached& ContainerEngine::entry(const WorkloadId& id) {
    const auto [place, added] = cache_.try_emplace(id);
    if (added) make_stale(place->second);
    return place->second;
}

/// Something of that workload may have changed.
void ContainerEngine::touch(const WorkloadId& id) {
    if (const auto cached = cache_.find(id); cached != cache_.end()) make_stale(cached->second);
    if (moved_) moved_(id);
}

void ContainerEngine::require_up() const {
    if (down_)
        throw Error(Kind::unavailable, "engine_unavailable", "the container engine is away: " + *down_,
                    "berth doctor says more");
}

}  // namespace berth::engine
