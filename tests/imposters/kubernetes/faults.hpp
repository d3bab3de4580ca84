#pragma once

#include <random>

#include "base/clock.hpp"

namespace berth::imposter {

/// What may go wrong between us and an API server, and in the cluster behind it. Chances are 0 to 1, per
/// occasion; each can be switched on alone.
///
/// The model. *Requests:* one may be refused without having had an effect (500 or 503, 429 with Retry-After,
/// 409); it may wait so long before it takes effect that whoever asked has given up, and then takes effect
/// all the same; the connection may be reset before it is read, or after it took effect and before, or in the
/// middle of, the answer; an answer may stop in its middle and say no more; what a read found may arrive so
/// late that it is old by then. The token may expire: the next one lies in its file up to 5 s later. The
/// server may be gone for up to 30 s. *Watches:* one may end between any two events, say nothing more for
/// minutes though its connection stays open, or begin with 410 because the server has forgotten that place;
/// so may a list between its pages. An event may come late, twice, or after its successor; both come in one
/// piece then, for a server that would lose one of them at the end of a stream would leave nobody a way to
/// know. *Nodes:* a pod may find no node or no image for a while, end by itself, by too much memory, or be
/// evicted, with or without a word of what its container did. *People:* see `strangers.hpp`.
///
/// What a real one never does is not among it: a list without a resource version is never older than the
/// moment it was asked for, two objects never have one name, and one object's version never shrinks.
struct Faults {
    double refused = 0, throttled = 0, conflicted = 0;
    double slow = 0, reset = 0, lost = 0, torn = 0, stalled = 0, late = 0;
    double unauthorized = 0;
    double outage = 0;
    double watch_cut = 0, watch_silent = 0, forgotten = 0;
    double event_late = 0, event_twice = 0, event_swapped = 0;
    double unschedulable = 0, image_missing = 0;
    double dies = 0, out_of_memory = 0, evicted = 0;
};

/// How long things take at most when nothing goes wrong.
struct Pace {
    Duration call{4};
    Duration schedule{200};
    Duration start{400};
    Duration listen{100};    ///< From running to process 1 that answers.
    Duration network{1000};  ///< From running to policies and service rules that know the pod.
    Duration run{1000};      ///< What a program takes that ends by itself.
    Duration end{2000};      ///< From the asking signal to the end, within the grace period.
    Duration collect{3000};  ///< From an owner's end to that of what it owned.
};

/// Draws from the seed.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}
    bool chance(double probability) {
        if (probability <= 0) return false;
        return std::uniform_real_distribution<>(0, 1)(random_) < probability;
    }
    Duration up_to(Duration longest) { return Duration(number(static_cast<std::uint64_t>(longest.count()))); }
    /// From 0 to `most`.
    std::uint64_t number(std::uint64_t most) {
        return std::uniform_int_distribution<std::uint64_t>(0, most)(random_);
    }

  private:
    std::mt19937_64 random_;
};

}  // namespace berth::imposter
