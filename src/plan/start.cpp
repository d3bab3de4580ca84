#include "plan/start.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plan/delivery.hpp"
#include "plan/hosts.hpp"
#include "plan/workload.hpp"

namespace berth::plan {
namespace {

constexpr Duration soon{200};
constexpr const char* since_then = "; now ";  // Between why it moves and how far that is.
// A component that ran this long before it ended may be restarted however often it was before.
constexpr Duration steady_run = std::chrono::minutes(10);

double seconds_since(Time from, Time now) {
    return static_cast<double>(std::max<std::int64_t>(0, (now - from).count())) / 1000.0;
}

ComponentStatus& status_of(SessionStatus& status, const std::string& name) {
    for (auto& component : status.components)
        if (component.name == name) return component;
    status.components.push_back({.name = name});
    return status.components.back();
}

ObservedImage image_of(const Observed& have, const std::string& image) {
    const auto found = have.images.find(image);
    return found == have.images.end() ? ObservedImage{} : found->second;
}

void fail(SessionStatus& status, std::string reason, std::string message) {
    status.phase = Phase::failed;
    status.reason = std::move(reason);
    status.message = std::move(message);
}

/// One start of a session, looked at once. Fills `wanted` step by step.
class Start {
  public:
    Start(const Facts& facts, const Observed& have, Time now, Wanted& wanted)
        : facts_(facts), have_(have), now_(now), wanted_(wanted), status_(wanted.status) {}

    void decide() {
        status_.freezable = have_.freezable;
        if (status_.phase == Phase::failed) return settle_failed();
        const auto moving = status_.reason == "Moving" ? status_.message : std::string();
        status_.reason.clear();
        status_.message.clear();
        const auto values = values_of(facts_);
        wanted_.workload = full_workload(facts_, values);
        const auto refusal = have_.components.empty() ? why_not_granted(facts_) : std::string();
        if (!refusal.empty()) fail(status_, "SecretMissing", refusal);
        begin_init(values);
        wanted_.workload.hosts = kept_hosts(facts_, have_, status_);
        for (auto& component : wanted_.workload.components) judge_image(component);
        for (auto& component : wanted_.workload.components) judge_component(component);
        mark_steps();
        if (status_.phase == Phase::failed) return settle_failed();
        judge_session();
        keep_reason(moving);
    }

  private:
    /// The init step that is next, if any; components start once there is none.
    void begin_init(const Values& values) {
        const auto [next, left] = next_step(facts_);
        // An earlier process may have recorded the end of a step and not come to say so.
        const auto current = next ? step_name(next->component->name, next->number) : std::string();
        std::erase_if(status_.components, [&](const ComponentStatus& status) {
            return status.name != current &&
                   std::ranges::find(wanted_.workload.components, status.name, &WorkloadComponent::name) ==
                       wanted_.workload.components.end();
        });
        if (!next) {
            if (status_.init) status_.init->done = status_.init->steps;
            return;
        }
        if (!status_.init) status_.init = InitProgress{.steps = left};
        status_.init->done = std::max(0, status_.init->steps - left);
        all_started_ = all_ready_ = initialized_ = false;
        auto step = expand_step(facts_, *next, values);
        judge_image(step);
        judge_step(*next, step);
        wanted_.workload.steps.push_back(std::move(step));
    }

    void judge_step(const NextStep& next, WorkloadComponent& step) {
        auto& status = status_of(status_, step.name);
        const auto* there = find_there(have_, step.name);
        const auto title = fmt::format("init step {} of {}", next.number, quoted(next.component->name));
        if (wanted_.init_done) return note_end(step, title);
        if (there == nullptr || there->generation != step.generation) {
            if (there != nullptr)
                status.phase = ComponentPhase::stopping;
            else if (status.phase != ComponentPhase::pulling)
                status.phase = ComponentPhase::waiting;
            return;
        }
        switch (progress_of(*there)) {
            case ContainerState::exited:
                if (there->disrupted) return run_again(step, *there, status, title);
                status.phase = ComponentPhase::exited;
                status.message = exit_message(*there, step, title);
                status_.last_log = there->last_log;
                return fail(status_, there->out_of_memory ? "OutOfMemory" : "InitFailed", status.message);
            case ContainerState::running:
            case ContainerState::frozen:
                status.phase = ComponentPhase::running;
                status.message.clear();
                status_.message = title + " is running";
                waiting_for_ = title + ": it has not ended";
                waiting_since_ = there->started_at.value_or(facts_.session.asked_at);
                step_runs_ = true;
                return;
            default:
                status.phase = ComponentPhase::starting;
                status.message = there->message;
        }
        if (!there->hopeless.empty()) return fail(status_, there->hopeless, there->message);
        status_.reason = there->trouble;
        if (!there->message.empty()) status_.message = title + ": " + there->message;
    }

    /// A step that has ended well is first recorded, and only then removed: a process that dies between the
    /// two records it again. Until then its container is wanted as it is.
    void note_end(WorkloadComponent& step, const std::string& title) {
        step.generation = find_there(have_, step.name)->generation;
        std::erase_if(status_.components, [&](const auto& c) { return c.name == step.name; });
        ++status_.init->done;
        status_.message = title + " has ended";
        look_again(now_);
    }

    void judge_image(WorkloadComponent& component) {
        if (find_there(have_, component.name) != nullptr) return;
        const auto image = image_of(have_, component.image);
        const bool tried = image.missing_since && *image.missing_since >= facts_.session.asked_at;
        if (image.state == ImageState::present) {
            if (component.digest.empty()) component.digest = image.digest;
            return;
        }
        images_present_ = false;
        auto& status = status_of(status_, component.name);
        status.phase = image.state == ImageState::pulling ? ComponentPhase::pulling : ComponentPhase::waiting;
        status.message = image.message;
        if (image.state == ImageState::missing && tried)
            fail(status_, "ImageNotFound",
                 image.message.empty() ? fmt::format("image {} not found", quoted(component.image))
                                       : image.message);
        else if (image.state != ImageState::pulling)
            add_once(wanted_.workload.prepare, component.image);
        status_.message = status_.message.empty() ? image.message : status_.message;
    }

    void judge_component(WorkloadComponent& component) {
        auto& status = status_of(status_, component.name);
        const auto* there = find_there(have_, component.name);
        component.generation = generation_of(facts_.session.incarnation, status.restarts);
        if (there == nullptr || there->generation != component.generation) {
            if (there != nullptr)
                status.phase = ComponentPhase::stopping;
            else if (status.phase != ComponentPhase::pulling)
                status.phase = ComponentPhase::waiting;
            all_started_ = all_ready_ = false;
            return;
        }
        // Readiness is of a start: a container that was ready stays so until it ends, also when a new process
        // of ours has not probed it yet.
        const bool ready = there->ready || status.phase == ComponentPhase::ready;
        switch (progress_of(*there)) {
            case ContainerState::exited:
                if (there->disrupted) return run_again(component, *there, status, quoted(there->name));
                return judge_exit(component, *there, status);
            case ContainerState::running:
            case ContainerState::frozen:
                note_stale(component, *there, stale_);
                status.phase = ready ? ComponentPhase::ready : ComponentPhase::running;
                status.message = ready ? "" : there->message;
                if (!ready) note_waiting(*there);
                all_ready_ = all_ready_ && ready;
                return;
            default:
                status.phase = ComponentPhase::starting;
                status.message = there->message;
        }
        all_started_ = all_ready_ = false;
        if (!there->hopeless.empty()) return fail(status_, there->hopeless, there->message);
        if (there->message.empty()) return;
        if (status_.reason.empty()) status_.reason = there->trouble;
        // It is taken away though nobody asked us.
        if (there->state == ContainerState::stopping) status_.reason = "Moving";
        if (status_.message.empty() || there->state == ContainerState::stopping)
            status_.message = quoted(there->name) + ": " + there->message;
    }

    /// The engine ended it, so nothing is held against it. Where it is refused at once it is not made in
    /// haste.
    void run_again(WorkloadComponent& component, const ObservedComponent& there, ComponentStatus& status,
                   const std::string& what) {
        all_started_ = all_ready_ = false;
        status.phase = ComponentPhase::stopping;
        status_.reason = "Moving";
        status_.message = what + ": " + there.message;
        const auto again_at = there.exited_at.value_or(now_) + restart_pause(0);
        component.anew = now_ >= again_at;
        if (!component.anew) look_again(again_at);
    }

    /// Why it moves is said until it runs again, or there is something else to say.
    void keep_reason(const std::string& moving) {
        const auto phase = status_.phase;
        const bool over = phase == Phase::running || phase == Phase::frozen || phase == Phase::failed;
        if (moving.empty() || over) return;
        if (!status_.reason.empty()) return;
        status_.reason = "Moving";
        const auto cause = moving.substr(0, moving.find(since_then));
        status_.message = status_.message.empty() ? cause : cause + since_then + status_.message;
    }

    void judge_exit(WorkloadComponent& component, const ObservedComponent& there, ComponentStatus& status) {
        const auto* spec = find_component(facts_.revision.spec, component.name);
        const auto message = exit_message(there, component, quoted(there.name));
        all_started_ = all_ready_ = false;
        status.phase = ComponentPhase::exited;
        status.message = message;
        const bool wanted_again = spec->restart == Restart::always ||
                                  (spec->restart == Restart::on_failure && there.exit_code != 0);
        const bool was_ready = status_.timings.ready.has_value();
        const bool hopeless =
            status.restarts >= restarts_max && now_ < status.restarted_at.value_or(now_) + steady_run;
        if (!was_ready || !wanted_again || hopeless) {
            status_.last_log = there.last_log;
            fail(status_, there.out_of_memory ? "OutOfMemory" : "Exited", message);
            return;
        }
        const auto again_at = there.exited_at.value_or(now_) + restart_pause(status.restarts);
        status_.reason = there.out_of_memory ? "OutOfMemory" : "Restarting";
        status_.message = message;
        if (now_ < again_at) {
            wanted_.look_at = std::min(wanted_.look_at.value_or(again_at), again_at);
            return;
        }
        ++status.restarts;
        status.restarted_at = now_;
        component.generation = generation_of(facts_.session.incarnation, status.restarts);
    }

    /// The steps that are done, also of a start that fails: the first that is not done is where it failed.
    void mark_steps() {
        auto& timings = status_.timings;
        const auto elapsed = seconds_since(facts_.session.asked_at, now_);
        const auto mark = [&](std::optional<double>& step, bool done) {
            if (!step && done) step = elapsed;
            return step.has_value();
        };
        bool done = mark(timings.admitted, true);
        done = mark(timings.scheduled, done && is_scheduled());
        done = mark(timings.pulled, done && images_present_);
        if (status_.init) done = mark(timings.initialized, done && initialized_);
        done = mark(timings.started, done && all_started_);
        done = mark(timings.ready, done && all_ready_);
        mark(timings.routed, done && is_led(facts_, have_));
    }

    void judge_session() {
        status_.conditions = have_.conditions;
        if (!stale_.empty()) status_.conditions.push_back(restart_needed(stale_));
        note_withheld(facts_, status_.conditions);
        const bool answers = all_started_ && all_ready_;
        if (answers && have_.hosts) wanted_.workload.hosts = hosts_of(facts_);
        if (answers && (status_.timings.routed || is_led(facts_, have_))) return judge_frozen();
        status_.phase = have_.network || status_.timings.scheduled ? Phase::starting : Phase::pending;
        if (answers) return look_again(now_ + std::chrono::seconds(2));
        judge_deadline();
    }

    /// It has started: whether it runs, or only keeps its memory.
    void judge_frozen() {
        if (status_.phase != Phase::running && status_.phase != Phase::frozen) status_.started_at = now_;
        const bool wanted = desired(facts_.session.asks) == State::frozen;
        wanted_.workload.frozen = wanted && have_.freezable;
        const bool frozen = std::ranges::all_of(wanted_.workload.components, [&](const auto& component) {
            return find_there(have_, component.name)->state == ContainerState::frozen;
        });
        status_.phase = frozen ? Phase::frozen : Phase::running;
        if (!frozen || !wanted) return;
        status_.reason = stop_word(facts_.session.stay.stopped_by);
        status_.message = facts_.session.stay.stopped_because;
    }

    /// A start that takes too long fails. The time counts from when the container ran: neither pulls nor
    /// pauses between restarts are the application's fault.
    void judge_deadline() {
        if (status_.reason == "Restarting" || status_.reason == "OutOfMemory") {
            if (!wanted_.look_at) look_again(now_ + soon);
            return;
        }
        if (!all_started_ && !step_runs_) return look_again(now_ + std::chrono::seconds(2));
        const auto limit = facts_.revision.spec.lifecycle.start_within;
        if (now_ < waiting_since_ + limit)
            return look_again(std::min(waiting_since_ + limit, now_ + std::chrono::seconds(5)));
        fail(status_, "StartTimeout", fmt::format("{} within {}", waiting_for_, to_string(limit)));
        settle_failed();
    }

    /// A failed session runs nothing; what has exited stays for its logs.
    void settle_failed() {
        wanted_.workload = empty_workload(facts_);
        wanted_.workload.keep_exited = true;
        wanted_.workload.hosts = kept_hosts(facts_, have_, status_);
        wanted_.look_at.reset();
        for (auto& component : status_.components)
            if (component.phase != ComponentPhase::exited) component.phase = ComponentPhase::stopped;
        const bool busy =
            std::any_of(have_.components.begin(), have_.components.end(),
                        [](const auto& there) { return there.state != ContainerState::exited; });
        if (busy) look_again(now_ + std::chrono::seconds(2));
    }

    bool is_scheduled() const {
        return have_.network && std::all_of(wanted_.workload.volumes.begin(), wanted_.workload.volumes.end(),
                                            [&](const auto& volume) {
                                                return std::find(have_.volumes.begin(), have_.volumes.end(),
                                                                 volume.handle) != have_.volumes.end();
                                            });
    }

    void note_waiting(const ObservedComponent& there) {
        const auto what = there.message.empty() ? std::string("not ready") : there.message;
        waiting_for_ = quoted(there.name) + ": " + what;
        waiting_since_ = std::max(waiting_since_, there.started_at.value_or(facts_.session.asked_at));
        if (status_.message.empty()) status_.message = waiting_for_;
    }

    void look_again(Time at) { wanted_.look_at = std::min(wanted_.look_at.value_or(at), at); }

    static void add_once(std::vector<std::string>& list, const std::string& entry) {
        if (std::find(list.begin(), list.end(), entry) == list.end()) list.push_back(entry);
    }

    const Facts& facts_;
    const Observed& have_;
    Time now_;
    Wanted& wanted_;
    SessionStatus& status_;
    bool images_present_ = true;
    bool all_started_ = true;
    bool all_ready_ = true;
    bool initialized_ = true;
    bool step_runs_ = false;
    std::set<std::string> stale_;  ///< What a new start would change.
    std::string waiting_for_;
    Time waiting_since_{};
};

}  // namespace

void decide_start(const Facts& facts, const Observed& have, Time now, Wanted& wanted) {
    Start(facts, have, now, wanted).decide();
}

}  // namespace berth::plan
