#include "operator/prober.hpp"

#include <algorithm>

#include "acts/activity.hpp"
#include "base/log.hpp"
#include "base/timeout.hpp"
#include "engine/http_get.hpp"
#include "operator/report.hpp"
#include "plan/uncounted.hpp"

namespace berth::control {
namespace {

constexpr std::size_t at_once = 16;  // Sessions that are asked side by side.
constexpr Duration full_pause{1000};
constexpr Duration answer_limit = std::chrono::seconds(5);

Task<plan::Answer> ask_application(engine::Engine& engine, Clock& clock, WorkloadId id,
                                   plan::ProbeTarget target) {
    const auto asked_at = clock.now();
    try {
        auto what = "GET " + target.probe.path;
        auto call = engine::http_get(engine, std::move(id), target.component, target.port, target.probe.path,
                                     plan::answer_max);
        const auto answer = co_await finish_within(clock, answer_limit, std::move(what), std::move(call));
        co_return plan::read_answer(answer.status, answer.body, target.probe.json_pointer, asked_at);
    } catch (const Error& error) {
        co_return plan::Answer{.unknown = error.user};
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        co_return plan::Answer{.unknown = error.code().message()};
    }
}

/// Whether it takes more of a processor than `floor` does.
Task<plan::Answer> ask_processor(engine::Engine& engine, Clock& clock, WorkloadId id, MilliCpu floor) {
    try {
        const auto usage = co_await engine.usage(std::move(id));
        const bool busy = usage.cpu > floor;
        co_return plan::Answer{.used_at = busy ? std::optional(clock.now()) : std::nullopt,
                               .momentary = true};
    } catch (const Error& error) {
        co_return plan::Answer{.momentary = true, .unknown = error.user};
    }
}

}  // namespace

/// Everything about one time of asking a session.
struct Prober::Round {
    SessionId id;
    int incarnation = 0;
    engine::Engine* engine = nullptr;
    plan::Inquiry inquiry;
    Time began{};
    bool patient = true;  ///< What does not answer still counts as use.

    std::optional<acts::Seen> seen;
    std::vector<Uncounted> noted;
    std::vector<std::string> answered;  ///< Names of what did.
    bool momentary = false;

    bool all_answered() const {
        return answered.size() == inquiry.probes.size() + (inquiry.cpu_floor ? 1 : 0);
    }
    void take(const std::string& name, const plan::Answer& answer, const char* source) {
        momentary = momentary || answer.momentary;
        if (answer.used_at && (!seen || seen->at < *answer.used_at)) seen = {*answer.used_at, source};
        const auto& wrong = answer.unknown.empty() ? answer.odd : answer.unknown;
        const auto what = answer.unknown.empty() ? "the time that " + name + " tells" : name;
        if (!wrong.empty()) noted.push_back({.what = what, .why = wrong, .times = 1, .last_at = began});
        if (answer.unknown.empty()) answered.push_back(name);
    }
    void write(store::Tx& tx) const;
};

void Prober::Round::write(store::Tx& tx) const {
    auto row = tx.find_session(Caller::system(), id);
    if (!row || row->incarnation != incarnation || !plan::running_since(*row)) return;
    const auto before = *row;
    auto& book = row->stay.uncounted;
    auto used = seen;
    for (const auto& target : inquiry.probes) {
        const auto passed = plan::last_passed_by(book, target.access);
        const bool silent = std::ranges::find(answered, plan::probe_name(target.access)) == answered.end();
        if (patient || !silent || !passed) continue;
        // Of what came through it more may be on its way into the row.
        const auto by_then = std::min(*passed + acts::uncounted_every, began);
        if (!used || used->at < by_then) used = {by_then, "request"};
    }
    for (const auto& name : answered) plan::forget(book, name);
    for (const auto& one : noted) plan::add_uncounted(book, one);
    if (used) acts::note_use(tx, *row, *used, std::string(loop_actor));
    if (*row != before) tx.update_session(*row);
}

Prober::Prober(Clock& clock, asio::any_io_executor executor, Write write,
               std::function<void(const SessionId&)> moved)
    : clock_(clock), write_(std::move(write)), moved_(std::move(moved)), tasks_(std::move(executor)) {}

void Prober::look(plan::Facts& facts, engine::Engine& engine) {
    const auto& session = facts.session;
    const auto since = plan::running_since(session);
    auto inquiry = plan::inquiry_of(facts.revision.spec);
    const auto now = clock_.now();
    const auto next = plan::next_stop(session, facts.stay, facts.known, now);
    const bool runs = since && session.status.phase == Phase::running;
    const bool limited = next && (facts.stay.idle || facts.stay.freeze);
    if (!runs || !limited || inquiry.empty()) {
        watched_.erase(session.id);
        return;
    }
    auto& watched = watched_[session.id];
    if (watched.incarnation != session.incarnation)
        // How often it has to be asked the first answer tells.
        watched = {.incarnation = session.incarnation,
                   .asked = {.tried_at = *since, .momentary = true},
                   .asking = watched.asking};
    // The clock was set back.
    watched.asked.tried_at = std::min(watched.asked.tried_at, now);
    watched.known_until = std::min(watched.known_until, now);
    watched.asked.momentary = watched.asked.momentary || inquiry.cpu_floor;
    const auto limit = next->limit.after;
    watched.again_at = plan::ask_at(*next, limit, watched.asked);
    if (!watched.asking && now >= watched.again_at) {
        if (tasks_.size() >= at_once) {
            watched.again_at = now + full_pause;
        } else {
            watched.asking = true;
            watched.asked.tried_at = now;
            watched.again_at = plan::ask_at(*next, limit, watched.asked);
            const auto silent_since = std::max(watched.silent_since.value_or(now), next->since + limit);
            const bool patient = now < silent_since + plan::patience(limit);
            tasks_.start("ask " + session.id.text, ask({.id = session.id,
                                                        .incarnation = session.incarnation,
                                                        .engine = &engine,
                                                        .inquiry = std::move(inquiry),
                                                        .began = now,
                                                        .patient = patient}));
        }
    }
    if (watched.known_until >= facts.known.until) return;
    facts.known.until = watched.known_until;
    facts.known.more_at = watched.again_at;
}

std::optional<Time> Prober::look_at(const plan::Facts& facts, const SessionStatus& seen) const {
    const bool begins = seen.phase == Phase::running && facts.session.status.phase != Phase::running;
    if (begins && !plan::inquiry_of(facts.revision.spec).empty()) return clock_.now();
    const auto found = watched_.find(facts.session.id);
    if (found == watched_.end() || found->second.asking) return std::nullopt;
    return found->second.again_at;
}

Task<> Prober::stop() {
    tasks_.cancel();
    co_await tasks_.join();
}

Task<> Prober::ask(Round round) {
    std::string failure;
    bool done = false;
    try {
        co_await ask_all(round);
        auto work = [round](store::Tx& tx) { round.write(tx); };
        co_await write_(std::move(work));
        done = true;
    } catch (const Error& error) {
        failure = error.what();
    }
    if (!done) log::warning("a session's use is not known", {{"session", round.id.text}, {"error", failure}});
    end(round, done);
}

Task<> Prober::ask_all(Round& round) {
    const auto workload = plan::workload_of(round.id);
    for (const auto& target : round.inquiry.probes) {
        const auto answer = co_await ask_application(*round.engine, clock_, workload, target);
        round.take(plan::probe_name(target.access), answer, "probe");
    }
    if (!round.inquiry.cpu_floor) co_return;
    const auto answer = co_await ask_processor(*round.engine, clock_, workload, *round.inquiry.cpu_floor);
    round.take(plan::processor_name, answer, "cpu");
}

void Prober::end(const Round& round, bool done) {
    const auto found = watched_.find(round.id);
    if (found == watched_.end()) return;
    auto& watched = found->second;
    watched.asking = false;
    if (done && watched.incarnation == round.incarnation) {
        watched.asked.momentary = round.momentary;
        const bool answered = round.all_answered();
        if (answered)
            watched.silent_since.reset();
        else if (!watched.silent_since)
            watched.silent_since = round.began;
        const bool first = round.inquiry.cpu_floor && !std::exchange(watched.measured, true);
        if (!first && (answered || !round.patient)) watched.known_until = round.began;
    }
    moved_(round.id);
}

}  // namespace berth::control
