#pragma once

#include "store/store.hpp"

namespace berth::acts {

/// The user's new workspace, within their quota. Throws `conflict` (`name_taken`), `too_many`, `invalid`.
Workspace add_workspace(store::Tx& tx, const UserId& user, const std::string& actor, const std::string& name,
                        const std::string& template_name, Time now);

/// The same with the volumes of the template. Throws `not_found` for one that the caller may not see.
Workspace make_workspace(store::Tx& tx, const Caller& caller, const std::string& name,
                         const std::string& template_name, const std::string& engine, Time now);

/// Gives it another name. Throws `conflict` (`name_taken`), `invalid`.
void rename_workspace(store::Tx& tx, Workspace& workspace, const std::string& actor, const std::string& name,
                      Time now);

/// Gives it up with all that is in it. Throws `conflict` (`workspace_in_use`) with the holder's name.
void give_up_workspace(store::Tx& tx, Workspace workspace, const std::string& actor, Time now);

}  // namespace berth::acts
