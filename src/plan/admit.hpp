#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/error.hpp"
#include "model/session.hpp"

/// May this start? The one judge of quotas for API, kubectl and gateway. Pure: the caller gives the numbers,
/// read in the transaction that will act on the answer.
namespace berth::plan {

/// What one running session takes.
struct Demand {
    MilliCpu cpu;
    Bytes memory;
};

/// The sum over the components.
Demand demand(const TemplateSpec& spec);

/// The limits in force for one user.
struct Limits {
    int sessions = 20;
    int running = 5;
    MilliCpu cpu{8000};
    Bytes memory{std::int64_t{16} << 30};
    int workspaces = 50;
};

/// The user's own quota where it says something, else the installation's default, else ours.
Limits limits(const Quota& user, const Quota& fallback);

/// One session that its user has and that is not gone.
struct Holding {
    std::string name;
    bool running = false;  ///< Wanted running: it has or will have its containers.
    Demand demand;
};

/// Nothing when a new session may start, else the refusal: which limit, its use, and what would free it.
std::optional<Error> admit_launch(const Limits& limits, std::span<const Holding> holdings,
                                  const Demand& wanted);

/// The same for a stopped session that wants to run again; it is not among `others`.
std::optional<Error> admit_wake(const Limits& limits, std::span<const Holding> others, const Demand& wanted);

std::optional<Error> admit_workspace(const Limits& limits, int workspaces);

}  // namespace berth::plan
