#pragma once

#include "store/store.hpp"

namespace berth::acts {

/// What somebody wants to launch.
struct Wish {
    std::string template_;
    std::optional<std::string> name;        ///< Absent: the template's name, then with -2, -3…
    std::optional<std::string> workspace;   ///< Id or name; a new name makes a new one.
    std::optional<int> revision;            ///< Absent: the newest.
    StayLimits limits = {};                 ///< Beside the template's and the quota's.
    std::vector<std::string> consent = {};  ///< What the user lets the template have, see `agree`.
};

/// What a launch needs besides the rows.
struct Launch {
    UserId user;
    std::string actor;
    Wish wish;
    std::string engine;
    bool gpus = true;  ///< Whether that engine has any to give.
    Time now{};
};

/// Makes the session, its workspace when that is new, and the volumes that are missing, and tells about it.
///
/// Throws `not_found` for the template, its revision or a workspace id, `invalid` `gpu_not_possible` for a
/// template whose components want what the engine lacks, `invalid` for bad names, `conflict` `name_taken`,
/// `conflict` `workspace_in_use` with the holder's name, `secret_missing` and `consent_needed`, and only then
/// `too_many` (`quota_exceeded`) with limit and use, unless it may wait for its turn.
Session launch(store::Tx& tx, const Launch& launch);

/// Inserts the rows of those volumes of the spec's that `owner` does not have yet.
void add_volumes(store::Tx& tx, const TemplateSpec& spec, VolumeScope scope, const std::string& owner,
                 const UserId& user, const std::string& engine, Time now);

/// `name`, else `name-2`, `name-3`… : the first that `taken` does not say yes to.
std::string free_name(const std::string& name, const std::function<bool(const std::string&)>& taken);

}  // namespace berth::acts
