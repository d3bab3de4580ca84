#pragma once

#include <map>
#include <random>
#include <set>

#include "base/clock.hpp"
#include "engine/engine.hpp"
#include "engine/secrets.hpp"
#include "engine/sim/demo.hpp"

namespace berth::engine {

/// What may go wrong in the simulated engine. All chances are per occasion, 0 to 1.
///
/// The model: calls take time and may fail before or after they took effect (the caller cannot tell which);
/// the engine may be away for a while, during which every call fails and containers run on; a container may
/// end by itself, be frozen or removed by somebody else, or never get ready; what is brought into one may
/// break off; a notification may come late or twice, but after an outage every workload is reported. What the
/// engine reports is never older than the last finished call. Volumes are never lost, and it counts every
/// write that names a container that is not there any more.
struct Faults {
    double call_fails_before = 0;
    double call_fails_after = 0;
    double outage = 0;              ///< Per call: the engine goes away for up to 30 s.
    double container_dies = 0;      ///< Per started container: it ends within a minute.
    double container_vanishes = 0;  ///< Per started container: somebody removes it within a minute.
    double container_freezes = 0;   ///< Per started container: somebody freezes it within a minute.
    bool freezable = true;          ///< Of the engine.
    double never_ready = 0;
    double image_missing = 0;
    double delivery_cut = 0;   ///< Per binding: it breaks off, and the container waits on.
    double step_fails = 0;     ///< Per container that runs once: it ends with status 1.
    Duration call_time{5};     ///< Longest time of one call.
    Duration start_time{400};  ///< Longest time from created to running.
    Duration ready_time{2000};
    Duration pull_time{5000};
    Duration step_time{3000};  ///< Longest time that what runs once takes.
};

/// The one door in memory: for tests, for the simulation, and for `berth serve --engine sim`.
class SimEngine final : public Engine {
  public:
    SimEngine(Clock& clock, asio::any_io_executor executor, Faults faults, std::uint64_t seed);
    ~SimEngine() override;

    std::string name() const override { return "sim"; }
    Task<> start() override;
    Task<> stop() override;
    Task<Observed> observe(WorkloadId id) override;
    Task<std::vector<WorkloadId>> list() override;
    Task<std::vector<Thing>> inventory(std::vector<WorkloadId> known) override;
    Task<> apply(WorkloadId id, Changes changes) override;
    void watch(std::function<void(WorkloadId)> moved) override { moved_ = std::move(moved); }
    std::optional<std::string> down_because() const override;
    Task<Stream> dial(WorkloadId id, std::string component, int port) override;
    Task<std::unique_ptr<Process>> terminal(WorkloadId id, TerminalRequest request) override;
    Task<std::unique_ptr<Process>> exec(WorkloadId id, ExecRequest request) override;
    Task<> logs(WorkloadId id, LogRequest request, std::function<Task<bool>(LogLine)> take) override;
    Task<Usage> usage(WorkloadId id) override;
    bool has_gpus() const override { return true; }
    Task<std::optional<Image>> resolve_image(std::string reference) override;
    Task<> prepare_image(std::string reference) override;
    ObservedImage image_state(const std::string& reference) const override;
    void watch_images(std::function<void(const std::string&, const ObservedImage&)> changed) override;
    Task<> remove_volume(std::string handle) override;
    Task<std::vector<Check>> examine() override;

    // What a test may ask and do.

    /// Ends the container as a crash would. False when it is not running.
    bool kill(const WorkloadId& id, const std::string& component, int exit_code);
    /// Freezes or thaws the container behind everybody's back. False when it does not run.
    bool set_frozen(const WorkloadId& id, const std::string& component, bool frozen);
    /// Removes the container behind everybody's back.
    bool vanish(const WorkloadId& id, const std::string& component);
    /// What somebody else made under a name of ours, or what does not go: listed as it is.
    void add_thing(Thing thing) { things_.push_back(std::move(thing)); }
    void lose_volume(const std::string& handle) { volumes_.erase(handle); }
    /// Who knows what is secret; nobody by default.
    void set_materials(MaterialSource materials) { materials_ = std::move(materials); }
    /// What a container was started with: each binding that took effect.
    struct Bound {
        WorkloadId workload;
        std::string handle;
        std::map<std::string, std::string> env;
        bool operator==(const Bound&) const = default;
    };
    const std::vector<Bound>& bound() const { return bound_; }
    void set_faults(const Faults& faults) { faults_ = faults; }
    /// What an application answers whoever connects to it, with its head; empty: nothing, for ever.
    std::function<std::string(const WorkloadId&)> application = [](const WorkloadId& id) {
        return demo::page_of(id.text);
    };
    /// How much of a processor a workload takes.
    std::function<MilliCpu(const WorkloadId&)> processor = [](const WorkloadId&) { return MilliCpu{42}; };
    const std::set<std::string>& volumes() const { return volumes_; }
    /// What ran once and ended well, in that order: the component's name and the volumes that it mounted.
    struct Ended {
        WorkloadId workload;
        std::string name;
        std::vector<std::string> volumes;
    };
    const std::vector<Ended>& ended_well() const { return ended_well_; }
    int running() const;
    int frozen() const;  ///< Containers that are.
    /// Containers of one component that ever ran at once; more than one is a defect of the caller.
    int most_at_once() const { return most_at_once_; }

  private:
    struct Container {
        ObservedComponent seen;
        WorkloadComponent made_from;
    };
    struct Place {
        bool network = false;
        std::vector<Container> containers;
        std::set<std::string> volumes;  ///< Asked for by this workload; they may be older than it.
    };
    Task<> call();
    bool chance(double probability);
    Duration up_to(Duration longest);
    void make(const WorkloadId& id, const WorkloadComponent& component);
    Task<> live(WorkloadId id, std::string component, std::string handle, Faults faults);
    Task<> serve(WorkloadId id, std::string component, std::string handle, Faults faults);
    Task<> deliver(WorkloadId id, std::string handle, WorkloadComponent component);
    void end_step(const WorkloadId& id, Container& container, int exit_code);
    Task<> end_later(WorkloadId id, std::string component, std::string handle, Duration after);
    Task<> pull(std::string reference);
    void apply_one(const WorkloadId& id, const Change& change);
    void tell(const WorkloadId& id);
    Task<> answer(Stream far, WorkloadId id, std::string component);
    Container* find(const WorkloadId& id, const std::string& component, const std::string& handle);

    Clock& clock_;
    Faults faults_;
    std::mt19937_64 random_;
    std::map<WorkloadId, Place> places_;
    std::set<std::string> volumes_;
    std::vector<Thing> things_;
    std::map<std::string, ObservedImage> images_;
    std::function<void(WorkloadId)> moved_;
    std::vector<std::function<void(const std::string&, const ObservedImage&)>> image_listeners_;
    std::optional<Time> away_until_;
    std::vector<Ended> ended_well_;
    MaterialSource materials_;
    std::vector<Bound> bound_;
    int handles_ = 0;
    int most_at_once_ = 0;
    asio::any_io_executor executor_;
    TaskGroup tasks_;
};

}  // namespace berth::engine
