#pragma once

#include <string>

#include "base/json.hpp"

namespace berth {

/// What has a custom resource in a cluster.
enum class Noun { template_, session, workspace };
BOOST_DESCRIBE_ENUM(Noun, template_, session, workspace)

/// Who made a thing, and so owns its spec.
enum class Origin {
    api,      ///< Here; its resource is a mirror.
    kubectl,  ///< As a resource; its row follows.
};
BOOST_DESCRIBE_ENUM(Origin, api, kubectl)

/// The custom resource that stands for a row.
struct Mirrored {
    Noun noun = Noun::session;
    std::string row;  ///< Id of the session or workspace; name of the template.
    std::string namespace_;
    std::string name;
    std::string uid;
    Origin origin = Origin::api;
    std::int64_t generation = 0;  ///< Up to this one the spec was taken over, or was written by us.
    bool operator==(const Mirrored&) const = default;
};
BOOST_DESCRIBE_STRUCT(Mirrored, (), (noun, row, namespace_, name, uid, origin, generation))

}  // namespace berth
