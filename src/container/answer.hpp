#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "container/types.hpp"

/// What is answered, without a socket. Keys that are missing leave the default; Podman and Docker differ in
/// many.
namespace berth::container {

/// Parses an answer of any size that was received. Throws `internal` (`engine_answer`) when it is not JSON.
json::value parse_answer(std::string_view body);

Version read_version(const json::value& answer);
SystemReport read_info(const json::value& answer);
std::vector<ContainerSummary> read_containers(const json::value& answer);
ContainerDetails read_container(const json::value& answer);
NetworkDetails read_network(const json::value& answer);
std::vector<NetworkDetails> read_networks(const json::value& answer);
VolumeDetails read_volume(const json::value& answer);
std::vector<VolumeDetails> read_volumes(const json::value& answer);
ImageDetails read_image(const json::value& answer);
Stats read_stats(const json::value& answer);

/// A line of the stream that a pull or an import answers with.
struct PullStep {
    std::string layer;   ///< Short name of the part that it speaks of; may be empty.
    std::string status;  ///< `Downloading`, `Pull complete`…
    std::int64_t done = 0, total = 0;
    std::string error;  ///< Set: the pull failed, in the engine's words.
    bool operator==(const PullStep&) const = default;
};
PullStep read_pull_step(const json::value& answer);

/// `Id`, `ID` or `id` of an answer; throws `internal` when there is none.
std::string read_id(const json::value& answer);

// Fields of an answer: the default when absent or of another type.
std::string text_at(const json::value& tree, std::string_view key);
std::int64_t number_at(const json::value& tree, std::string_view key);
bool flag_at(const json::value& tree, std::string_view key);
/// The entry, or null.
const json::value& entry_at(const json::value& tree, std::string_view key);
Labels labels_at(const json::value& tree, std::string_view key);

}  // namespace berth::container
