#include "plan/sweep.hpp"

#include <fmt/format.h>

#include <set>

#include "plan/session.hpp"

namespace berth::plan {
namespace {

/// A row of a volume comes a little before the volume.
constexpr Duration volume_patience = std::chrono::minutes(10);

class Judgement {
  public:
    Judgement(const SweepFacts& facts, Time now) : facts_(facts), now_(now) {}

    std::vector<Finding> make() {
        for (const auto& thing : facts_.things) judge_thing(thing);
        for (const auto& [id, session] : facts_.sessions) judge_session(session);
        for (const auto& volume : facts_.volumes) judge_volume(volume);
        return std::move(findings_);
    }

  private:
    void judge_thing(const Thing& thing) {
        if (!thing.ours)
            return add(thing, Matter::foreign, Remedy::report,
                       "it bears a name of ours and not our mark: it is left alone, and what is to have this "
                       "name cannot be made");
        if (thing.part == ThingPart::volume) volumes_.insert(thing.handle);
        if (thing.part == ThingPart::process) running_.insert(thing.workload);
        if (!thing.stuck.empty()) return add(thing, Matter::stuck, Remedy::report, thing.stuck);
        if (thing.part == ThingPart::volume) return judge_volume_there(thing);
        if (!thing.workload.empty()) judge_owner(thing);
    }

    void judge_owner(const Thing& thing) {
        const auto found = facts_.sessions.find(session_of(thing.workload));
        const bool known = found != facts_.sessions.end();
        const auto remedy = thing.removable ? Remedy::remove : Remedy::report;
        const std::string by_hand =
            thing.removable ? "" : "; what it belonged to is gone too: remove it by hand";
        if (is_orphan(known ? std::optional(found->second) : std::nullopt))
            return add(thing, Matter::orphan, remedy,
                       (known ? "its session has ended" : "no session has it") + by_hand);
        const auto& session = found->second;
        if (session.engine != facts_.engine)
            return add(thing, Matter::leftover, Remedy::report,
                       fmt::format("session {} is on engine {}", quoted(session.name), session.engine));
        const bool rests =
            session.status.phase == Phase::hibernated && desired(session.asks) == State::hibernated;
        if (rests && thing.part != ThingPart::host)
            add(thing, Matter::leftover, remedy,
                fmt::format("session {} is hibernated", quoted(session.name)) + by_hand);
    }

    void judge_volume_there(const Thing& thing) {
        for (const auto& volume : facts_.volumes)
            if (volume.handle == thing.handle) return;
        add(thing, Matter::unowned_volume, Remedy::report,
            "no workspace, user or session has it; it is kept, for it may hold what somebody wants");
    }

    void judge_session(const Session& session) {
        const auto phase = session.status.phase;
        const bool says_running = session.engine == facts_.engine && takes_part(session) &&
                                  (phase == Phase::running || phase == Phase::frozen);
        if (!says_running || running_.contains(workload_of(session.id))) return;
        findings_.push_back({.engine = facts_.engine,
                             .matter = Matter::phantom,
                             .remedy = Remedy::start,
                             .kind = "session",
                             .name = session.name,
                             .session = session.id,
                             .why = "its row says running, and nothing of it runs"});
    }

    void judge_volume(const Volume& volume) {
        const bool expected = !volume.deleted_at && volume.created_at + volume_patience < now_;
        if (!expected || volumes_.contains(volume.handle)) return;
        findings_.push_back(
            {.engine = facts_.engine,
             .matter = Matter::lost_volume,
             .kind = "volume",
             .name = volume.handle,
             .why = fmt::format("{} {} has it by its row, and it is not there: its files are gone, "
                                "and the next start makes it anew, empty",
                                json::enum_name(volume.scope), volume.owner)});
    }

    void add(const Thing& thing, Matter matter, Remedy remedy, std::string why) {
        Finding finding{.engine = facts_.engine,
                        .matter = matter,
                        .remedy = remedy,
                        .kind = thing.kind,
                        .name = thing.name,
                        .why = std::move(why)};
        if (!thing.workload.empty()) finding.session = session_of(thing.workload);
        findings_.push_back(std::move(finding));
    }

    const SweepFacts& facts_;
    Time now_;
    std::set<WorkloadId> running_;
    std::set<std::string> volumes_;
    std::vector<Finding> findings_;
};

}  // namespace

bool is_orphan(const std::optional<Session>& session) {
    return !session || session->status.phase == Phase::gone;
}

std::vector<Finding> judge(const SweepFacts& facts, Time now) {
    return Judgement(facts, now).make();
}

}  // namespace berth::plan
