#pragma once

#include "plan/session.hpp"
#include "store/store.hpp"

/// What of a user's a template may have: it names it, and the user agrees, once for each thing.
namespace berth::acts {

/// How all of a user's files are called where things are named: no secret can have that name.
inline constexpr std::string_view files_name = "files/";

/// Something that a template would have.
struct Need {
    std::string name;       ///< Of the secret, or `files_name`.
    bool required = false;  ///< No launch without it.
    bool there = false;     ///< The user has it.
    bool agreed = false;
};

/// In the order of their names.
std::vector<Need> needs_of(store::Rows& rows, const UserId& user, const std::string& template_,
                           const TemplateSpec& spec);

/// The user agrees that the template has these. Throws `invalid` for a name that it does not ask for.
void agree(store::Tx& tx, const Caller& caller, const std::string& template_, const TemplateSpec& spec,
           const std::vector<std::string>& names, Time now);
/// Takes back what was agreed for the template: nothing of it is given out any more. Throws `not_found`.
void withdraw(store::Tx& tx, const Caller& caller, const std::string& template_, Time now);

/// Throws `conflict`: `secret_missing` for what is required and not there, `consent_needed` for what is there
/// and not agreed to, naming each.
void require_needs(store::Rows& rows, const UserId& user, const std::string& template_,
                   const TemplateSpec& spec);

/// What of the user's a session of the template may have now.
plan::Granted granted_to(store::Rows& rows, const UserId& user, const std::string& template_,
                         const TemplateSpec& spec);

}  // namespace berth::acts
