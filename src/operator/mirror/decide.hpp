#pragma once

#include "operator/mirror/face.hpp"

namespace berth::control::mirror {

/// What to do next about one row and its resource. Each is one write to the cluster or one transaction; then
/// they are looked at again.
enum class Step {
    nothing,
    create,        ///< Make the row's resource, also one that vanished.
    link,          ///< Write down that this resource, which we made, is the row's.
    claim,         ///< Put our mark and our finalizer on it.
    take,          ///< Do to the rows what its spec says.
    ask,           ///< Ask of the session what its spec asks for.
    write_spec,    ///< Give it the row's spec.
    write_state,   ///< Say in its spec what was asked for last.
    write_status,  ///< Say how the row is.
    end_row,       ///< Its deletion is that of the row.
    release,       ///< Take our finalizer away.
    remove,        ///< Its row is gone.
    forget,        ///< Both are gone.
    report,        ///< It says that it is a row's, and there is no such row.
};
BOOST_DESCRIBE_ENUM(Step, nothing, create, link, claim, take, ask, write_spec, write_state, write_status,
                    end_row, release, remove, forget, report)

/// What is known of the two sides. Any of them may be missing.
struct Sides {
    Noun noun = Noun::session;
    const Face* face = nullptr;        ///< The row.
    const Mirrored* record = nullptr;  ///< That the resource `record->uid` stands for it.
    const Seen* seen = nullptr;        ///< The resource.
    bool taken = false;                ///< Where the row's resource would be made is another's.
    const Refusal* refusal = nullptr;  ///< Of the spec of that generation, which is not judged again now.
};

/// Whether its spec has changed since we wrote it, or took it over.
bool is_fresh(const Seen& seen, const Mirrored& record);

/// Where the row's resource is to be: what kubectl made is made again as it was called.
const std::string& name_of(const Face& face, const Mirrored* record);

/// Whether we made the resource for that row. A copy of its marks under another name is not it.
bool is_made_for(const Seen& seen, const Face& face, const Mirrored* record);

/// What is next. Nothing that we did not make is adopted; only a deletion ends a row.
Step decide(const Sides& sides);

}  // namespace berth::control::mirror
