#pragma once

#include "crds/kinds.hpp"
#include "kube/client.hpp"

namespace berth::control::mirror {

/// Whether a cluster knows the custom resources.
enum class Known {
    yes,
    no,     ///< They were never installed, or were removed.
    older,  ///< They lack what this program writes.
    going,  ///< They are being removed just now, and all resources with them.
};

/// Asks for the three definitions; the worst counts. Throws as the client does (`forbidden` where the account
/// may not look).
Task<Known> look_at_definitions(kube::Client& client);

/// Why what sessions and workspaces say cannot be believed; nothing: the policy is in force that lets people
/// write only themselves into them. Without it whoever may make one makes it anybody's. It is asked for by
/// name, and an account that may not ask does not know. Throws as the client does where the cluster does not
/// answer.
Task<std::optional<Error>> find_unguarded(kube::Client& client);

/// What an administrator is told, and what to do about it.
std::pair<std::string, std::string> words_of(Known known);

}  // namespace berth::control::mirror
