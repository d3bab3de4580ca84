#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "container/client.hpp"
#include "engine/container/firewall.hpp"
#include "engine/container/freezer.hpp"
#include "engine/container/images.hpp"
#include "engine/container/render.hpp"
#include "engine/container/service.hpp"
#include "engine/delivery.hpp"
#include "engine/engine.hpp"
#include "engine/init_client.hpp"

namespace berth::engine {

/// What the engine needs to know of this machine and this Berth.
struct ContainerOptions {
    std::string name = "container";
    std::string socket;  ///< Of the engine; empty: the first that is there, else a Podman service of our own.
    bool own_service = false;   ///< With an empty `socket`: do not look for one.
    std::string data;           ///< Absolute path of a folder of ours on this machine.
    std::string instance;       ///< Short hex; on every label and in every name.
    std::string init;           ///< Absolute path of the berth-init program.
    std::vector<Build> builds;  ///< The starter catalog, in the order to build.
    std::string base_image;     ///< What these are built on; empty: the builder's choice.
    std::string podman = "podman";
    MaterialSource materials = {};  ///< Empty: there is nothing secret.
    Duration relist{30'000};        ///< How often everything is listed though no event came.
};

/// Workloads as containers of Podman or Docker on this machine.
///
/// What it makes carries the label `berth.instance`, and nothing without that label is ever changed.
/// Containers go on without the engine and without Berth. The executor is the control loop's and runs one
/// handler at a time.
class ContainerEngine final : public Engine {
  public:
    ContainerEngine(asio::any_io_executor executor, Clock& clock, ContainerOptions options);
    ~ContainerEngine() override;

    std::string name() const override { return options_.name; }
    Task<> start() override;
    Task<> stop() override;
    Task<Observed> observe(WorkloadId id) override;
    Task<std::vector<WorkloadId>> list() override;
    Task<std::vector<Thing>> inventory(std::vector<WorkloadId> known) override;
    Task<> apply(WorkloadId id, Changes changes) override;
    void watch(std::function<void(WorkloadId)> moved) override { moved_ = std::move(moved); }
    std::optional<std::string> down_because() const override { return down_; }
    Task<Stream> dial(WorkloadId id, std::string component, int port) override;
    Task<std::unique_ptr<Process>> terminal(WorkloadId id, TerminalRequest request) override;
    Task<std::unique_ptr<Process>> exec(WorkloadId id, ExecRequest request) override;
    Task<> logs(WorkloadId id, LogRequest request, std::function<Task<bool>(LogLine)> take) override;
    Task<Usage> usage(WorkloadId id) override;
    Task<std::optional<Image>> resolve_image(std::string reference) override;
    Task<> prepare_image(std::string reference) override;
    ObservedImage image_state(const std::string& reference) const override;
    void watch_images(std::function<void(const std::string&, const ObservedImage&)> changed) override;
    Task<> remove_volume(std::string handle) override;
    Task<std::vector<Check>> examine() override;

    /// Removes every container and network of this instance and its firewall table; volumes only when asked.
    enum class Volumes { keep, remove };
    Task<> purge(Volumes volumes);

    /// Process id of our own Podman service, or -1.
    int service_pid() const { return service_ ? service_->pid() : -1; }
    const std::string& socket() const { return socket_; }

  private:
    /// What is known of one container.
    struct Known {
        ObservedComponent seen;
        ProbeSpec spec;
        std::vector<std::string> volumes;
        bool inspected = false;
        bool bound_late = false;         ///< Its process 1 waits for what it starts with.
        std::string engine_state;        ///< In the engine's word.
        std::optional<Freezer> freezer;  ///< Where the kernel can be asked past the engine.
    };
    /// What is known of one workload. Stale as soon as anything of it may have changed.
    struct Cached {
        std::map<std::string, Known> containers;  ///< By id.
        std::set<std::string> volumes;            ///< Handles that exist.
        std::set<std::string> claimed;  ///< Handles that were asked for: made by another workload, perhaps.
        bool network = false;
        bool closed = false;
        std::uint64_t changed = 0;  ///< Stamp of the last change that was heard of.
        std::uint64_t fresh = 0;    ///< The `changed` that the rest shows.
    };
    /// Readiness of one container, judged by a job.
    struct Readiness {
        bool ready = false;
        bool wanted = true;
        std::string message;
    };

    // connection.cpp
    Task<> leave_firewall();
    Task<> connect();
    Task<> follow();
    Task<> relist_regularly();
    Task<> relist();
    void heard(const container::Event& event);
    void went_down(const std::string& why);
    void touch(const WorkloadId& id);
    Task<> come_up(std::uint64_t connection);
    /// The cache's entry, made stale when it is new.
    Cached& entry(const WorkloadId& id);
    void make_stale(Cached& cached) { cached.changed = ++stamp_; }

    // observe.cpp
    Task<> refresh(WorkloadId id);
    Task<Known> look_at(container::ContainerSummary summary);
    /// What is known of it, if it is: nothing else can have changed while the engine's word is the same.
    const Known* find_known(const container::Labels& labels, const std::string& handle) const;
    /// The state that a container has, of which the engine says that.
    static ContainerState state_now(const std::string& engine_state, const std::optional<Freezer>& freezer);
    Task<> finish_exited(Known& known);
    Task<bool> roll_back(const WorkloadId& id, const Known& known);
    void probe_where_needed(const WorkloadId& id, const Cached& cached);
    Observed report(const Cached& cached) const;
    Task<> probe(WorkloadId id, std::string handle, std::string component, ProbeSpec spec,
                 std::shared_ptr<Readiness> readiness);

    // deliver.cpp
    Task<> ask_what_came(WorkloadId id, Known& known);
    Task<> look_again(WorkloadId id);
    Task<> make(WorkloadId id, BindComponent change);
    Task<> make(WorkloadId id, UpdateFiles change);
    Known* find_running(const WorkloadId& id, const std::string& handle);
    /// Whether its process 1 has to be asked yet: what is frozen cannot answer.
    static bool is_unasked(const Known& known) {
        return known.bound_late && known.seen.state == ContainerState::running && !known.seen.delivered;
    }

    // apply.cpp
    Task<> make(WorkloadId id, CreateNetwork change);
    Task<> make(WorkloadId id, CreateVolume change);
    Task<> make(WorkloadId id, StartComponent change);
    Task<> make(WorkloadId id, StopComponent change);
    Task<> make(WorkloadId id, FreezeComponent change);
    Task<> make(WorkloadId id, ThawComponent change);
    Task<bool> switch_freezer(WorkloadId id, std::string handle, bool frozen);
    Task<> thaw_by_force(std::string handle);
    Task<> make(WorkloadId id, RemoveComponent change);
    Task<> make(WorkloadId id, RemoveNetwork change);
    Task<> make(WorkloadId, PublishHosts) { co_return; }  // Every host comes to us as it is.
    Task<> make(WorkloadId, WithdrawHosts) { co_return; }
    Task<> make(WorkloadId id, PrepareImage change);
    Task<std::string> create_container(WorkloadId id, container::ContainerSpec spec);
    Task<> stop_in_background(WorkloadId id, std::string handle, Duration grace);
    /// Whether a container of that id is there; throws `conflict` when it is not this workload's.
    Task<bool> is_ours(WorkloadId id, std::string handle);
    void discard(const std::string& folder);
    Task<> remove_folder(std::string folder);
    void remove_discarded();
    void prepare_run_directory(const WorkloadId& id, const WorkloadComponent& component);
    bool is_ours(const container::Labels& labels, const WorkloadId& id) const;

    // examine.cpp
    Task<Check> check_answers();
    Task<Check> check_container(Place place, WorkloadId id);
    Task<Check> check_dial(WorkloadId id);
    Task<Check> check_memory(Place place, WorkloadId id);
    Task<Check> check_names(Place place, WorkloadId id);
    Task<Check> check_isolation();
    Task<> import_probe_image();
    Task<> start_probe(Place place, WorkloadId id, std::string name);
    Task<> remove_probes(Place place, WorkloadId id);

    InitClient init_of(const WorkloadId& id, const std::string& component) const;
    void note_process(const WorkloadId& id, const std::string& component, int process);
    void require_up() const;

    asio::any_io_executor executor_;
    Clock& clock_;
    ContainerOptions options_;
    std::string socket_;
    std::unique_ptr<PodmanService> service_;
    std::unique_ptr<container::Client> client_;
    Firewall firewall_;
    std::unique_ptr<Images> images_;
    Place place_;
    container::Version version_;
    container::SystemReport info_;
    std::function<void(WorkloadId)> moved_;
    std::optional<std::string> down_ = "not started yet";
    std::int64_t last_event_ = 0;
    mutable std::mutex processes_mutex_;                           // Any loop dials.
    std::map<std::pair<WorkloadId, std::string>, int> processes_;  // Process 1 of what runs.
    std::uint64_t discarded_ = 0;   ///< Folders that were taken out of the way.
    std::uint64_t connection_ = 0;  ///< One more for each connection to the engine.
    std::uint64_t stamp_ =
        0;  ///< Never repeats, so that a forgotten entry's stamps mean nothing to a new one.
    std::map<WorkloadId, Cached> cache_;
    std::set<std::string> stopping_;  ///< Ids of containers that a job of ours stops.
    std::set<std::string> starting_;  ///< Names of containers between create and start.
    std::map<std::string, std::shared_ptr<Readiness>> readiness_;  ///< By container id.
    std::map<WorkloadId, std::pair<Time, std::uint64_t>> cpu_;     ///< The previous look at usage.
    TaskGroup tasks_;
};

/// Whether an out-of-memory kill of that container is in the kernel's log (where we may read it): Podman does
/// not notice one on machines with cgroup v1.
bool killed_for_memory(const std::string& container_id);

}  // namespace berth::engine
