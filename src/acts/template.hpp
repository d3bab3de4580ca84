#pragma once

#include "store/store.hpp"

namespace berth::acts {

/// A template that the caller may see. Throws `not_found`, with the name that may have been meant.
Template find_template(store::Rows& rows, const Caller& caller, const std::string& name);

/// Refuses (`forbidden`) what is an administrator's, though the document may be fine.
void require_allowed(const Caller& caller, const TemplateSpec& spec);

/// The first revision. Throws `conflict` (`name_taken`), and `too_many` when the user has as many templates
/// as one may.
Template make_template(store::Tx& tx, const Caller& caller, const NamedSpec& named, Time now);

/// A new revision, or the one that is there when nothing would change. Throws `not_found`, `forbidden` for
/// one of somebody else.
Template change_template(store::Tx& tx, const Caller& caller, const NamedSpec& named, Time now);

/// Hides it from lists and launches. Throws as `change_template`.
void delete_template(store::Tx& tx, const Caller& caller, const std::string& name, Time now);

}  // namespace berth::acts
