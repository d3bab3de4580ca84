#pragma once

#include <functional>

#include "operator/mirror/seen.hpp"
#include "store/store.hpp"

namespace berth::control::mirror {

/// Why a spec was not taken over.
struct Refusal {
    std::int64_t generation = 0;  ///< Of the spec that was judged.
    std::string reason;           ///< CamelCase.
    std::string message;
    Time at{};
    UserId user{};  ///< Whose it is; empty: of nobody who is known.
    bool operator==(const Refusal&) const = default;
};

/// A row, as its resource shows it.
struct Face {
    Noun noun = Noun::session;
    std::string row;
    std::string name;  ///< Of the resource, when we make it: unique, stable, a DNS label.
    std::string user;  ///< Name; empty for a template.
    json::object spec;
    json::object status;         ///< But for what `status_of` adds.
    std::optional<State> state;  ///< That was asked for last; of a session only.
    Time since{};                ///< When it was made.
    bool settled = true;         ///< Not on its way to something else.
    bool ending = false;         ///< Its end was asked for.
    bool ended = false;          ///< It is gone: so must be its resource.
};

/// The address that a host label opens.
using UrlOf = std::function<std::string(const std::string& label)>;

/// Nothing when there is no such row, or none that is shown: private templates are not.
std::optional<Face> face_of(store::Rows& rows, Noun noun, const std::string& row, const UrlOf& url_of);
Face session_face(store::Rows& rows, const Session& session, const UrlOf& url_of);
Face template_face(store::Rows& rows, const Template& row);
Face workspace_face(store::Rows& rows, const Workspace& workspace);

/// The whole status to write: of the row (null: there is none), with whether its spec was taken over.
json::value status_of(const Face* face, std::int64_t generation, const Refusal* refusal);
/// Has each condition of that status hold since when it did in the resource, or from `now` on if it changes.
void keep_times(json::value& status, const Seen& seen, Time now);

}  // namespace berth::control::mirror
