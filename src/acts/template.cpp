#include "acts/template.hpp"

#include <fmt/format.h>

#include "acts/rows.hpp"

namespace berth::acts {
namespace {

void require_owner(const Caller& caller, const Template& row) {
    if (caller.admin() || row.owner == caller.user) return;
    throw Error(Kind::forbidden, "forbidden",
                "template " + quoted(row.name) + " is published by an administrator",
                "copy it under another name");
}

void tell(store::Tx& tx, const Template& row, const Caller& caller, std::string kind, Time now) {
    const Happening happening{.at = now,
                              .actor = caller.name,
                              .kind = std::move(kind),
                              .subject_kind = "template",
                              .subject = row.name,
                              .owner = row.owner.value_or(UserId{}),
                              .data = {{"revision", row.revision}, {"displayName", row.spec.display_name}}};
    append_audit(tx, happening);
    append_state(tx, happening);
}

constexpr int templates_max = 100;  // Of a user. An administrator's are everybody's.

/// Throws `too_many` when the user has as many templates as one may.
void require_room(store::Tx& tx, const UserId& user) {
    store::Query own{.equal = {{"owner", user.text}}, .limit = 1};
    if (tx.list_templates(Caller::system(), own).total < templates_max) return;
    throw Error(Kind::too_many, "quota_exceeded",
                fmt::format("you have {} templates, which is the limit", templates_max),
                "delete one that is not needed any more");
}

}  // namespace

Template find_template(store::Rows& rows, const Caller& caller, const std::string& name) {
    auto found = rows.find_template(caller, name);
    if (found) return std::move(*found);
    std::vector<std::string> known;
    for (const auto& row : rows.list_templates(caller, {.limit = 200}).items) known.push_back(row.name);
    throw no_such("template", name, known);
}

void require_allowed(const Caller& caller, const TemplateSpec& spec) {
    if (caller.admin()) return;
    const auto refuse = [](const Component& component, const char* what, const char* instead) {
        throw Error(
            Kind::forbidden, "forbidden",
            fmt::format("component {}: only an administrator may use {}", quoted(component.name), what),
            fmt::format("{}, or ask an administrator to publish the template", instead));
    };
    for (const auto& component : spec.components) {
        if (component.profile == Profile::compat) refuse(component, "profile compat", "use profile strict");
        if (component.pull_secret) refuse(component, "pullSecret", "use an image that needs none");
        if (component.resources.gpu) refuse(component, "resources.gpu", "leave it out");
    }
}

Template make_template(store::Tx& tx, const Caller& caller, const NamedSpec& named, Time now) {
    if (tx.find_template(Caller::system(), named.name))
        throw Error(Kind::conflict, "name_taken", "the template name " + quoted(named.name) + " is taken",
                    "choose another name");
    if (!caller.admin()) require_room(tx, caller.user);
    Template row{.name = named.name, .revision = 1, .spec = named.spec, .created_at = now, .updated_at = now};
    if (!caller.admin()) row.owner = caller.user;
    // The name of a deleted template goes on counting where that one stopped.
    row.revision = tx.insert_revision(row);
    tell(tx, row, caller, "template.created", now);
    return row;
}

Template change_template(store::Tx& tx, const Caller& caller, const NamedSpec& named, Time now) {
    auto row = find_template(tx, caller, named.name);
    require_owner(caller, row);
    if (row.spec == named.spec) return row;
    row.spec = named.spec;
    row.revision += 1;
    row.updated_at = now;
    tx.insert_revision(row);
    tell(tx, row, caller, "template.updated", now);
    return row;
}

void delete_template(store::Tx& tx, const Caller& caller, const std::string& name, Time now) {
    const auto row = find_template(tx, caller, name);
    require_owner(caller, row);
    tx.delete_template(name, now);
    tell(tx, row, caller, "template.deleted", now);
}

}  // namespace berth::acts
