#pragma once

#include <functional>
#include <map>

#include "base/clock.hpp"
#include "engine/engine.hpp"
#include "plan/inquiry.hpp"
#include "plan/session.hpp"
#include "store/store.hpp"

namespace berth::control {

/// Asks running sessions whether they are in use: their applications' probes, and how much of a processor
/// they take.
///
/// Only those that stop for want of use and have something to be asked, each when it matters: it has no round
/// of its own, but the loop's looks at a session start what is due and hear of what came of it. What is not
/// answered is unknown, and unknown is not idle, for as long as `plan::patience` says. On the loop's
/// executor.
class Prober {
  public:
    /// `write` writes under the loop's epoch; `moved` is told when more is known of a session.
    using Write = std::function<Task<>(std::function<void(store::Tx&)>)>;
    Prober(Clock& clock, asio::any_io_executor executor, Write write,
           std::function<void(const SessionId&)> moved);

    /// Starts to ask the session what is due, and puts into `facts.known` how far its use is known.
    void look(plan::Facts& facts, engine::Engine& engine);
    /// When the session is to be looked at again for the sake of its use, after a look that saw that status;
    /// absent: not for that.
    std::optional<Time> look_at(const plan::Facts& facts, const SessionStatus& seen) const;
    /// Nothing that was found out is known any more: the clock that dated it was set.
    void forget() { watched_.clear(); }
    /// Ends all asking; nothing begins after it.
    Task<> stop();

  private:
    struct Watched {
        int incarnation = 0;
        plan::Asking asked;
        Time known_until{};                ///< Its use is known up to here.
        std::optional<Time> silent_since;  ///< Something has not answered since.
        bool asking = false;
        bool measured = false;  ///< Of the processor only what is used between two looks is known.
        Time again_at{};
    };
    struct Round;
    Task<> ask(Round round);
    Task<> ask_all(Round& round);
    void end(const Round& round, bool done);

    Clock& clock_;
    Write write_;
    std::function<void(const SessionId&)> moved_;
    std::map<SessionId, Watched> watched_;
    TaskGroup tasks_;
};

}  // namespace berth::control
