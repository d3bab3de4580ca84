#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/init_client.hpp"
#include "engine/secrets.hpp"
#include "model/workload.hpp"

/// How a component gets its environment and files: through its process 1, which waits for them.
///
/// Nothing secret is in what an engine is told, so it is in none of its objects, logs or listings. The
/// content of a secret's file is kept in a folder in memory that only this component has, and a symbolic link
/// leads there from its path: a volume keeps the link and never the secret.
namespace berth::engine {

/// Where a component has its folder in memory.
inline constexpr const char* memory_folder = "/run/berth/secrets";
inline constexpr Bytes memory_folder_size{std::int64_t{16} << 20};

/// Whether a component needs that folder: it costs a mount.
bool wants_memory_folder(const WorkloadComponent& component);

/// What process 1 remembers of what was brought to it.
struct Delivered {
    std::vector<SecretRef> secrets;
    std::vector<std::string> files;  ///< Paths of the user's own files.
    bool operator==(const Delivered&) const = default;
};
BOOST_DESCRIBE_STRUCT(Delivered, (), (secrets, files))

/// How far a component has come.
struct DeliveryState {
    bool waiting = false;
    Delivered delivered;
};

/// What an observation says of one that waits.
inline constexpr const char* waiting_words = "its environment and files are on their way";

/// Throws `unavailable` (`not_running`) when its process 1 does not answer.
Task<DeliveryState> ask_delivery(InitClient init, Clock& clock);

/// Whom it is for, and who knows what is secret.
struct Recipient {
    WorkloadId id;
    WorkloadComponent component;
    MaterialSource materials;  ///< May be empty: nothing secret is there.
};

/// Brings what the component starts with, and lets it start. One that has been bound stays as it is, and its
/// secrets are not even asked for.
///
/// Throws `invalid` (`files_not_written`) naming the path that its user may not write, `unavailable` when it
/// could not be brought now, and whatever the source of the material throws. After a failure it still waits,
/// and the next try brings all of it again.
Task<> bind(InitClient init, Clock& clock, Recipient to);

/// Brings the files of live secrets up to date, each of them at once. Throws as `bind` does.
Task<> update_files(InitClient init, Clock& clock, Recipient to);

}  // namespace berth::engine
