#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/session.hpp"
#include "plan/limits.hpp"

/// May this start? The one judge of quotas for API, kubectl and gateway. Pure: the caller gives the numbers,
/// read in the transaction that will act on the answer.
namespace berth::plan {

/// What a session takes while it runs: itself, and the sum over its components.
Amounts demand(const TemplateSpec& spec);

/// Somebody's limits, and what is in use of them.
struct Account {
    enum class Kind {
        user,    ///< Of one person.
        group,   ///< Of all its members together.
        engine,  ///< Of everybody whose sessions run there.
    };
    Kind kind = Kind::user;
    std::string name;  ///< Of the group or the engine.
    Limits limits;
    Amounts used;
};

/// The first limit that so much more would break.
struct Shortage {
    Account::Kind kind = Account::Kind::user;
    std::string name;
    Resource what = Resource::sessions;
    Limit limit;
    std::int64_t used = 0;
    std::int64_t wanted = 0;
    /// Whether it is more than the limit itself, whatever else ends.
    bool hopeless() const { return wanted > limit.most; }
};

/// Nothing when every account has room for it.
std::optional<Shortage> shortage(std::span<const Account> accounts, const Amounts& wanted);

/// The refusal (`too_many`, `quota_exceeded`): which limit, whose it is, its use, and what would free it.
/// `running` are the names of the user's own sessions that run.
Error refusal(const Shortage& shortage, std::span<const std::string> running);

/// The shortage in few words: `processors: your limit of 8 (tier free) is in use`.
std::string cause_of(const Shortage& shortage);

}  // namespace berth::plan
