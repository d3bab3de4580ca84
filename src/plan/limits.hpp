#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/user.hpp"

/// Who limits what. Pure.
namespace berth::plan {

/// What is counted: things, thousandths of a processor, bytes.
enum class Resource { sessions, running, cpu, memory, gpu, workspaces, storage };
BOOST_DESCRIBE_ENUM(Resource, sessions, running, cpu, memory, gpu, workspaces, storage)

/// All of them, in the order in which limits are checked.
inline constexpr std::array every_resource{Resource::sessions, Resource::running, Resource::cpu,
                                           Resource::memory,   Resource::gpu,     Resource::workspaces,
                                           Resource::storage};

/// So much of each.
class Amounts {
  public:
    std::int64_t& operator[](Resource what) { return of_[static_cast<std::size_t>(what)]; }
    std::int64_t operator[](Resource what) const { return of_[static_cast<std::size_t>(what)]; }
    Amounts& operator+=(const Amounts& more) {
        for (std::size_t i = 0; i < of_.size(); ++i) of_[i] += more.of_[i];
        return *this;
    }
    bool operator==(const Amounts&) const = default;

  private:
    std::array<std::int64_t, every_resource.size()> of_{};
};

/// `running sessions`, `processors`.
std::string_view word_of(Resource what);
/// The amount as people write it: `2`, `1500m`, `4Gi`.
std::string amount_text(Resource what, std::int64_t amount);
/// What a quota says of it; absent: nothing.
std::optional<std::int64_t> said_of(const Quota& quota, Resource what);

/// The most there may be of something, and who says so: `the user's quota`, `tier free`, `group physics`,
/// `the default quota`.
struct Limit {
    std::int64_t most = 0;
    std::string whose;
    bool operator==(const Limit&) const = default;
};
/// What is not in here has no limit.
using Limits = std::map<Resource, Limit>;

/// A group that a user is in, and its tier.
struct Membership {
    Group group;
    std::optional<Tier> tier;
};

/// Everything that limits one user.
struct Standing {
    Quota own;
    std::optional<Tier> tier;  ///< The user's own.
    std::vector<Membership> groups;
    Quota common;  ///< Of everybody who has no other.
};

/// What the user may have. Of each thing the first that says something counts: their own quota, their tier,
/// the tiers of their groups (the most generous), the default.
Limits limits(const Standing& standing);
/// What all members of the group may have together.
Limits limits(const Group& group);

/// How the limit of a tier and of a group is called.
std::string whose_tier(const Tier& tier);
std::string whose_group(const Group& group);
inline constexpr std::string_view whose_own = "the user's quota";
inline constexpr std::string_view whose_default = "the default quota";

}  // namespace berth::plan
