#include "acts/sweep.hpp"

#include "acts/rows.hpp"
#include "plan/session.hpp"

namespace berth::acts {
namespace {

constexpr std::string_view asked_setting = "sweep.asked";
constexpr std::string_view last_setting = "sweep.last";

template <class T>
std::optional<T> read_setting(store::Rows& rows, std::string_view name) {
    const auto text = rows.find_setting(name);
    if (!text) return std::nullopt;
    return json::from_json<T>(json::parse(*text));
}

template <class T>
void write_setting(store::Tx& tx, std::string_view name, const T& value) {
    tx.set_setting(name, json::write(json::to_json(value)));
}

}  // namespace

std::vector<WorkloadId> workloads_on(store::Rows& rows, const std::string& engine) {
    std::vector<WorkloadId> ids;
    store::Query query{.equal = {{"engine", engine}}, .limit = 200};
    for (;;) {
        const auto page = rows.list_sessions(Caller::system(), query);
        for (const auto& session : page.items) ids.push_back(plan::workload_of(session.id));
        if (!page.next) return ids;
        query.cursor = *page.next;
    }
}

plan::SweepFacts sweep_facts(store::Rows& rows, std::string engine, std::vector<Thing> things) {
    plan::SweepFacts facts{.engine = std::move(engine), .things = std::move(things)};
    const auto add = [&](const SessionId& id) {
        if (id.empty() || facts.sessions.contains(id)) return;
        if (auto session = rows.find_session(Caller::system(), id)) facts.sessions[id] = std::move(*session);
    };
    for (const auto& thing : facts.things) add(plan::session_of(thing.workload));
    for (const auto& id : rows.running_sessions()) add(id);
    facts.volumes = rows.volumes_on(facts.engine);
    return facts;
}

void ask_sweep(store::Tx& tx, const Caller& caller, Time now) {
    write_setting(tx, asked_setting, SweepAsk{.at = now, .actor = caller.name});
    append_audit(tx, {.at = now,
                      .actor = caller.name,
                      .kind = "sweep.asked",
                      .subject_kind = "sweep",
                      .subject = "",
                      .owner = caller.user,
                      .data = {}});
}

std::optional<SweepAsk> open_sweep(store::Rows& rows) {
    auto ask = read_setting<SweepAsk>(rows, asked_setting);
    const auto last = last_sweep(rows);
    if (!ask || (last && last->ask.at >= ask->at)) return std::nullopt;
    return ask;
}

std::optional<SweepReport> last_sweep(store::Rows& rows) {
    return read_setting<SweepReport>(rows, last_setting);
}

void report_sweep(store::Tx& tx, SweepReport report, const std::string& actor) {
    report.total = std::ssize(report.acted);
    if (report.acted.size() > sweep_kept_max) report.acted.resize(sweep_kept_max);
    // Of nobody who is gone: only administrators see it then.
    const auto asker = tx.find_user_by_name(report.ask.actor);
    append_audit(tx, {.at = report.at,
                      .actor = actor,
                      .kind = "sweep.done",
                      .subject_kind = "sweep",
                      .subject = "",
                      .owner = asker ? asker->id : UserId{actor},
                      .data = {{"for", report.ask.actor}, {"things", report.total}}});
    write_setting(tx, last_setting, report);
}

}  // namespace berth::acts
