#include "gateway/passage.hpp"

namespace berth::gateway {
namespace {

/// A whole frame: close, two bytes, status 1001 (RFC 6455, 5.5.1).
constexpr std::string_view going_away = "\x88\x02\x03\xE9";

}  // namespace

Passage::Passage(LoopState& its_state, net::Connection& its_connection,
                 std::shared_ptr<const Route> its_route, std::shared_ptr<const Way> its_way,
                 std::shared_ptr<const Visitor> its_visitor)
    : Deadline(its_state.loop),
      state(its_state),
      connection(its_connection),
      route(std::move(its_route)),
      way(std::move(its_way)),
      visitor(std::move(its_visitor)),
      use(use_of(connection.head, *way)),
      uncounted_(use == Use::counts ? Uncounted{} : uncounted_of(connection.head, *way)) {
    const int of_session = route->meter->open.fetch_add(1, std::memory_order_relaxed);
    const int of_user = route->user_meter->open.fetch_add(1, std::memory_order_relaxed);
    within_limits_ = of_session < state.config.session_open_max && of_user < state.config.user_open_max;
    next_ = state.first;
    if (next_ != nullptr) next_->previous_ = this;
    state.first = this;
    connection.closer = this;
}

Passage::~Passage() {
    connection.closer = nullptr;
    (previous_ != nullptr ? previous_->next_ : state.first) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    route->meter->open.fetch_sub(1, std::memory_order_relaxed);
    route->user_meter->open.fetch_sub(1, std::memory_order_relaxed);
}

void Passage::close_all() {
    client_gone = true;
    connection.client.close();
    if (upstream) upstream->close();
}

void Passage::drain() {
    goodbye_due_ = true;
    say_goodbye();
}

/// Never in the middle of a frame: then it is tried again.
void Passage::say_goodbye() {
    if (!goodbye_due_ || !frames_down || !frames_down->between_frames() || connection.client.writing())
        return;
    net::Slices goodbye{going_away};
    goodbye_due_ = connection.client.try_write(goodbye) == net::Outcome::would_block;
}

void Passage::expired() {
    timed_out = true;
    if (answer_begun)
        close_all();
    else if (upstream)
        upstream->close();
}

void Passage::note(Uncounted seen) {
    seen.times = 1;
    seen.last_at = state.clock.now();
    route->meter->note(std::move(seen));
}

void Passage::note_pings() {
    if (use == Use::counts) note({.what = "pings of a WebSocket", .why = "programs send them by themselves"});
}

void Passage::count_activity(const char* source) {
    if (use != Use::counts) return note(uncounted_);
    route->meter->active_source.store(source, std::memory_order_relaxed);
    route->meter->active_at.store(state.clock.now().time_since_epoch().count(), std::memory_order_relaxed);
    if (route->meter->frozen.load(std::memory_order_relaxed) && state.thaw) state.thaw(*route, source);
}

void Passage::look_at_client() {
    if (!waiting) return;
    const auto peer = connection.client.look_at_peer();
    if (peer == net::Outcome::done || peer == net::Outcome::would_block) return;
    // A client may shut down its side and still want the answer, but not for long.
    const bool patient =
        peer == net::Outcome::ended && std::chrono::seconds(++gone_seconds) < state.config.gone_grace;
    if (!patient) close_all();
}

void LoopState::tick() {
    kept.tick();
    for (auto* passage = first; passage != nullptr; passage = passage->next_) {
        passage->look_at_client();
        passage->say_goodbye();
    }
}

void LoopState::close(const std::function<bool(const Visitor&, const Route&)>& wanted) {
    for (auto* passage = first; passage != nullptr; passage = passage->next_)
        if (wanted(*passage->visitor, *passage->route)) passage->close_all();
}

}  // namespace berth::gateway
