#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crds/kinds.hpp"
#include "crds/resources.hpp"
#include "model/mirrored.hpp"
#include "model/session.hpp"

/// Between rows and custom resources. Everything in this namespace but the runner is pure.
namespace berth::control::mirror {

inline constexpr const char* label_managed = "app.kubernetes.io/managed-by";
inline constexpr const char* label_instance = "berth.dev/instance";
/// Annotations of what we made or wrote: for which row, and which generation our last write of the spec made.
inline constexpr const char* note_row = "berth.dev/row";
inline constexpr const char* note_generation = "berth.dev/generation";
/// Keeps a resource whose deletion we have not seen yet.
inline constexpr const char* finalizer = "berth.dev/mirror";

kube::Resource resource_of(Noun noun);

/// A condition, and since when it is so.
struct Standing {
    std::string type;
    crds::Truth status = crds::Truth::Unknown;
    Time since{};
    bool operator==(const Standing&) const = default;
};

/// A custom resource as last heard of: what decisions need of it, and no more. It stays small whatever
/// somebody writes into the object: one is kept of each.
struct Seen {
    std::string name;
    std::string uid;
    std::string version;
    std::int64_t generation = 0;
    std::int64_t noted = 0;      ///< The generation that our own last write of the spec made; 0: none.
    std::string row;             ///< The row that it says it was made for; empty: made by kubectl.
    std::string user;            ///< Whose it is; empty for a template.
    std::optional<State> state;  ///< That is asked for.
    std::uint64_t spec = 0;      ///< Hash of the spec without `state`.
    std::uint64_t status = 0;    ///< Hash of the status, see `status_hash`.
    bool ours = false;           ///< Marked as this Berth's.
    bool foreign = false;        ///< Marked as another Berth's.
    bool held = false;           ///< By our finalizer.
    bool deleting = false;
    std::vector<Standing> conditions;  ///< The first few.
    bool operator==(const Seen&) const = default;
};

/// All of its finalizers, and whether one is ours.
json::array finalizers_of(const json::value& object);
bool is_ours(const json::value& held_by);

Seen read_seen(Noun noun, const json::value& object, std::string_view instance);

/// Of the spec as a row says it. What differs only in what goes without saying has the same.
std::uint64_t spec_hash(Noun noun, const json::value& spec);
/// Of a status but for times that change nothing: of the last activity, and since when a condition holds.
std::uint64_t status_hash(Noun noun, const json::value& status);

}  // namespace berth::control::mirror
