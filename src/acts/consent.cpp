#include "acts/consent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "acts/rows.hpp"
#include "acts/secrets.hpp"
#include "crypto/random.hpp"

namespace berth::acts {
namespace {

std::string name_of(const Consent& consent) {
    return consent.secret.empty() ? std::string(files_name) : consent.secret;
}

std::string row_name(const std::string& name) {
    return name == files_name ? std::string() : name;
}

/// What the template asks for, and whether it is required.
std::map<std::string, bool> wants_of(const TemplateSpec& spec) {
    std::map<std::string, bool> wants;
    for (const auto& component : spec.components) {
        for (const auto& use : component.secrets) wants[use.name] = wants[use.name] || use.required;
        for (const auto& file : component.files)
            if (file.secret) wants.try_emplace(*file.secret, false);
        if (component.user_files) wants.try_emplace(std::string(files_name), false);
    }
    return wants;
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names)
        text += (text.empty() ? "" : ", ") + (name == files_name ? "your uploaded files" : "secret " + name);
    return text;
}

void tell(store::Tx& tx, const Caller& caller, const std::string& template_,
          const std::vector<std::string>& names, std::string kind, Time now) {
    json::array list;
    for (const auto& name : names) list.emplace_back(name);
    const Happening happening{.at = now,
                              .actor = caller.name,
                              .kind = std::move(kind),
                              .subject_kind = "consent",
                              .subject = template_,
                              .owner = caller.user,
                              .data = {{"template", template_}, {"names", list}}};
    append_audit(tx, happening);
    append_state(tx, happening);
}

/// Another text whenever a file of theirs came, changed or went: each upload has an id of its own.
std::string version_of_files(store::Rows& rows, const UserId& user) {
    crypto::Sha256 hash;
    for (const auto& file : rows.user_files_of(user)) hash.add(file.id.text + "\n");
    return hash.hex().substr(0, 16);
}

}  // namespace

std::vector<Need> needs_of(store::Rows& rows, const UserId& user, const std::string& template_,
                           const TemplateSpec& spec) {
    const auto wants = wants_of(spec);
    if (wants.empty()) return {};
    std::set<std::string> agreed;
    for (const auto& consent : rows.consents_of(user))
        if (consent.template_ == template_) agreed.insert(name_of(consent));
    std::vector<Need> needs;
    for (const auto& [name, required] : wants) {
        const bool there =
            name == files_name ? !rows.user_files_of(user).empty() : rows.find_secret(user, name).has_value();
        needs.push_back({name, required, there, agreed.contains(name)});
    }
    return needs;
}

void agree(store::Tx& tx, const Caller& caller, const std::string& template_, const TemplateSpec& spec,
           const std::vector<std::string>& names, Time now) {
    if (names.empty()) return;
    const auto wants = wants_of(spec);
    for (const auto& name : names) {
        if (!wants.contains(name))
            throw Error(Kind::invalid, "invalid_field",
                        "consent: template " + quoted(template_) + " does not ask for " + quoted(name));
        tx.put_consent({caller.user, template_, row_name(name), now});
    }
    tell(tx, caller, template_, names, "consent.given", now);
}

void withdraw(store::Tx& tx, const Caller& caller, const std::string& template_, Time now) {
    std::vector<std::string> names;
    for (const auto& consent : tx.consents_of(caller.user)) {
        if (consent.template_ != template_) continue;
        tx.delete_consent(caller.user, template_, consent.secret);
        names.push_back(name_of(consent));
    }
    if (names.empty()) throw no_such("consent");
    tell(tx, caller, template_, names, "consent.withdrawn", now);
}

void require_needs(store::Rows& rows, const UserId& user, const std::string& template_,
                   const TemplateSpec& spec) {
    std::vector<std::string> missing, open;
    for (const auto& need : needs_of(rows, user, template_, spec)) {
        if (need.required && !need.there) missing.push_back(need.name);
        if (need.there && !need.agreed) open.push_back(need.name);
    }
    if (!missing.empty())
        throw Error(
            Kind::conflict, "secret_missing",
            fmt::format("template {} needs your {}, which you have not set", quoted(template_),
                        listed(missing)),
            fmt::format("set it under Settings, Secrets, or with: berth secrets set {}", missing.front()));
    if (!open.empty())
        throw Error(Kind::conflict, "consent_needed",
                    fmt::format("template {} asks for {}, and you have not agreed yet", quoted(template_),
                                listed(open)),
                    fmt::format("launch with consent: [{}] to agree, or with berth launch -y",
                                fmt::join(open, ", ")));
}

plan::Granted granted_to(store::Rows& rows, const UserId& user, const std::string& template_,
                         const TemplateSpec& spec) {
    plan::Granted granted;
    for (const auto& need : needs_of(rows, user, template_, spec)) {
        if (need.required && !(need.there && need.agreed))
            granted.missing.push_back(need.name);
        else if (need.there && !need.agreed)
            granted.withheld.push_back(need.name);
        if (!need.agreed) continue;
        if (need.name == files_name)
            granted.files = version_of_files(rows, user);
        else if (const auto secret = rows.find_secret(user, need.name))
            granted.secrets[need.name] = version_of(*secret);
    }
    return granted;
}

}  // namespace berth::acts
