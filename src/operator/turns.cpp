#include "acts/queue.hpp"
#include "base/log.hpp"
#include "operator/failure.hpp"
#include "operator/loop.hpp"
#include "operator/report.hpp"
#include "plan/queue.hpp"

/// Letting in those that wait for room: whenever something ended or a limit moved, and at no other time.
namespace berth::control {
namespace {

std::string_view text_in(const json::object& data, std::string_view key) {
    const auto* found = data.if_contains(key);
    return found != nullptr && found->is_string() ? std::string_view(found->get_string())
                                                  : std::string_view();
}

/// Whether a session ends, or somebody joins the queue.
bool moves_queue(const json::object& data) {
    const auto* status = data.if_contains("status");
    if (status == nullptr || !status->is_object()) return false;
    const auto phase = text_in(status->get_object(), "phase");
    const auto state = text_in(data, "state");
    return text_in(status->get_object(), "reason") == plan::queued_word || state == "hibernated" ||
           state == "terminated" || phase == "stopping" || phase == "hibernated" || phase == "failed" ||
           phase == "terminating" || phase == "gone";
}

bool is_limit(const Event& event) {
    return event.kind == "quota.updated" || event.kind == "user.updated" || event.subject_kind == "tier" ||
           event.subject_kind == "group";
}

/// Engines of which nobody waits any more are said to have none, rather than what they had last.
void count_turns(Metrics& metrics, const acts::LetIn& turns, Time now) {
    std::map<Metrics::Labels, double> depths;
    for (const auto& session : turns.entered) depths[{{"engine", session.engine}}] = 0;
    for (const auto& [engine, waiting] : turns.waiting)
        depths[{{"engine", engine}}] = static_cast<double>(waiting);
    metrics.replace("berth_queue_depth", "Sessions that wait for room", depths);
    for (const auto& session : turns.entered)
        metrics
            .seconds("berth_queue_wait_seconds", "How long sessions waited for room",
                     {{"engine", session.engine}})
            .Observe(std::chrono::duration<double>(now - *session.queued_at).count());
}

}  // namespace

void Loop::hear_of_room(const Event& event) {
    // Each change of a limit is told for the record once, whatever else is told of it.
    const bool limit = event.class_ == EventClass::audit && is_limit(event);
    if (limit) tasks_.start("look at what runs", load_running());
    // What we tell those that wait makes no room.
    const bool session = event.class_ == EventClass::state && event.subject_kind == "session" &&
                         event.kind != acts::place_told && moves_queue(event.data);
    if (session && text_in(event.data.at("status").as_object(), "reason") == plan::queued_word)
        anybody_waits_ = true;
    if (anybody_waits_ && (limit || session)) tasks_.start("let in", let_in());
}

Task<> Loop::let_in() {
    std::exception_ptr failure;
    try {
        co_await go_round(letting_in_, &Loop::let_in_once);
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return;
    log::warning("letting in failed", {{"error", as_error(failure, "storage_failed").what()}});
    co_await clock_.sleep(options_.retry_first);
    tasks_.start("let in", let_in());
}

Task<> Loop::let_in_once() {
    // Cleared first: who comes meanwhile sets it again.
    anybody_waits_ = false;
    auto work = [now = clock_.now()](store::Tx& tx) {
        return acts::let_in(tx, std::string(loop_actor), now);
    };
    std::exception_ptr failure;
    acts::LetIn turns;
    try {
        turns = co_await write(std::move(work));
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure || !turns.waiting.empty()) anybody_waits_ = true;
    if (failure) std::rethrow_exception(failure);
    if (options_.metrics != nullptr) count_turns(*options_.metrics, turns, clock_.now());
    for (const auto& session : turns.entered) queue_.add(session.id, clock_.now());
    if (!turns.entered.empty()) wake_up();
}

}  // namespace berth::control
