#include "operator/mirror/take.hpp"

#include "acts/ask.hpp"
#include "acts/launch.hpp"
#include "acts/rows.hpp"
#include "acts/template.hpp"
#include "acts/workspace.hpp"
#include "crds/resources.hpp"
#include "kube/refusal.hpp"
#include "plan/name.hpp"
#include "plan/values.hpp"

namespace berth::control::mirror {
namespace {

/// Whoever may make templates in the namespace publishes them, as an administrator does.
Caller publisher() {
    auto caller = Caller::system();
    caller.name = "kubectl";
    return caller;
}

/// The user by exactly that name: a cluster tells apart what differs in case.
User user_named(store::Rows& rows, const std::string& name) {
    auto user = rows.find_user_by_name(name);
    if (!user || user->name != name || !user->active)
        throw Error(Kind::not_found, "unknown_user", "there is no user " + quoted(name) + " in Berth",
                    "sign in to Berth once, or ask an administrator to add the user");
    return std::move(*user);
}

Caller caller_of(const User& user) {
    return {.user = user.id, .name = user.name};
}

/// One of the states as an ask, with the kind of its event.
std::pair<plan::Asked (*)(Session&, Time), const char*> ask_for(State state) {
    switch (state) {
        case State::running:
            return {plan::ask_wake, "session.woken"};
        case State::frozen:
            return {plan::ask_freeze, "session.frozen"};
        case State::hibernated:
            return {plan::ask_hibernate, "session.hibernated"};
        case State::terminated:
            break;
    }
    return {plan::ask_terminate, "session.deleted"};
}

/// A session of somebody who was deactivated does not run, whoever may write its resource.
void require_active(store::Rows& rows, const std::string& id) {
    const auto user = rows.find_user(acts::find_session(rows, Caller::system(), id).user);
    if (user && user->active) return;
    throw Error(Kind::forbidden, "user_inactive",
                "user " + quoted(user ? user->name : std::string()) + " is deactivated",
                "ask an administrator to activate the user");
}

Session ask_of(store::Tx& tx, const Caller& caller, const std::string& id, State state, Time now) {
    if (state == State::running) require_active(tx, id);
    const auto [ask, kind] = ask_for(state);
    return acts::put_ask(tx, {.caller = caller, .name = id, .ask = ask, .kind = kind, .now = now});
}

template <class Spec>
Spec read_spec(const json::value& object) {
    const auto* spec = kube::find_at(object, {"spec"});
    if (spec == nullptr) json::refuse_type("spec", "expected an object");
    Spec read{};
    json::read(*spec, read, json::Unknown::refuse, "spec");
    return read;
}

/// What it is called where the spec does not say.
std::string name_in(const json::value& object, const std::optional<std::string>& name) {
    return name.value_or(kube::text_at(object, {"metadata", "name"}));
}

std::string launch(store::Tx& tx, const Taking& taking, const crds::SessionSpec& spec) {
    if (spec.state == State::terminated)
        throw Error(Kind::invalid, "begins_terminated", "a session cannot begin terminated",
                    "leave spec.state out");
    if (spec.state == State::frozen)
        throw Error(Kind::invalid, "begins_frozen", "a session cannot begin frozen: it has no memory yet",
                    "leave spec.state out");
    const auto user = user_named(tx, spec.user);
    const auto session = acts::launch(tx, {.user = user.id,
                                           .actor = user.name,
                                           .wish = {.template_ = spec.template_,
                                                    .name = name_in(taking.object, spec.name),
                                                    .workspace = spec.workspace,
                                                    .revision = spec.revision},
                                           .engine = taking.engine,
                                           .now = taking.now});
    if (spec.state == State::hibernated)
        ask_of(tx, caller_of(user), session.id.text, *spec.state, taking.now);
    return session.id.text;
}

void change_session(store::Tx& tx, const Taking& taking, const std::string& id,
                    const crds::SessionSpec& spec) {
    auto caller = Caller::system();
    caller.name = spec.user;
    acts::Ask ask{.caller = caller, .name = id, .kind = "session.renamed", .now = taking.now};
    acts::rename_session(tx, ask, name_in(taking.object, spec.name));
    if (spec.state) ask_of(tx, caller, id, *spec.state, taking.now);
}

/// Whether the row stands for a resource of kubectl that was called so and is no more, as this one has its
/// place: who applies it again, from a repository say, means that row.
bool is_orphan(store::Rows& rows, const Taking& taking, const std::string& row) {
    const auto record = rows.find_mirrored(taking.noun, row);
    return record && record->origin == Origin::kubectl && record->namespace_ == taking.namespace_ &&
           record->name == kube::text_at(taking.object, {"metadata", "name"});
}

std::optional<std::string> find_orphan(store::Rows& rows, const Taking& taking,
                                       const crds::SessionSpec& spec) {
    const auto user = rows.find_user_by_name(spec.user);
    if (!user || user->name != spec.user) return std::nullopt;
    const auto session = rows.find_session_by_name(user->id, name_in(taking.object, spec.name));
    const bool fits = session && session->template_ == spec.template_ &&
                      desired(session->asks) != State::terminated &&
                      is_orphan(rows, taking, session->id.text);
    return fits ? std::optional(session->id.text) : std::nullopt;
}

std::optional<std::string> find_orphan(store::Rows& rows, const Taking& taking,
                                       const crds::WorkspaceSpec& spec) {
    const auto user = rows.find_user_by_name(spec.user);
    if (!user || user->name != spec.user) return std::nullopt;
    const auto workspace = rows.find_workspace_by_name(user->id, name_in(taking.object, spec.name));
    const bool fits = workspace && workspace->template_ == spec.template_ && !workspace->deleted_at &&
                      is_orphan(rows, taking, workspace->id.text);
    return fits ? std::optional(workspace->id.text) : std::nullopt;
}

std::string take_session(store::Tx& tx, const Taking& taking, const Mirrored* record) {
    const auto spec = read_spec<crds::SessionSpec>(taking.object);
    const auto row = record == nullptr ? find_orphan(tx, taking, spec) : std::optional(record->row);
    if (!row) return launch(tx, taking, spec);
    change_session(tx, taking, *row, spec);
    return *row;
}

std::string take_template(store::Tx& tx, const Taking& taking, const Mirrored* record) {
    const auto* spec = kube::find_at(taking.object, {"spec"});
    const NamedSpec named{.name = kube::text_at(taking.object, {"metadata", "name"}),
                          .spec = parse_spec(spec == nullptr ? json::value() : *spec)};
    plan::check_label("template", named.name);
    plan::check_values(named.spec);
    const bool is_new = record == nullptr && !(tx.find_template(Caller::system(), named.name) &&
                                               is_orphan(tx, taking, named.name));
    if (is_new)
        acts::make_template(tx, publisher(), named, taking.now);
    else
        acts::change_template(tx, publisher(), named, taking.now);
    return named.name;
}

std::string take_workspace(store::Tx& tx, const Taking& taking, const Mirrored* record) {
    const auto spec = read_spec<crds::WorkspaceSpec>(taking.object);
    const auto name = name_in(taking.object, spec.name);
    if (const auto row = record == nullptr ? find_orphan(tx, taking, spec) : std::optional(record->row)) {
        auto workspace = acts::find_workspace(tx, Caller::system(), *row);
        acts::rename_workspace(tx, workspace, spec.user, name, taking.now);
        return *row;
    }
    const auto user = user_named(tx, spec.user);
    return acts::make_workspace(tx, caller_of(user), name, spec.template_, taking.engine, taking.now).id.text;
}

}  // namespace

void take(store::Tx& tx, const Taking& taking) {
    const auto uid = kube::text_at(taking.object, {"metadata", "uid"});
    const auto known = tx.find_mirrored_by_uid(uid);
    Mirrored record{.noun = taking.noun,
                    .namespace_ = taking.namespace_,
                    .name = kube::text_at(taking.object, {"metadata", "name"}),
                    .uid = uid,
                    .origin = Origin::kubectl,
                    .generation = kube::number_at(taking.object, {"metadata", "generation"})};
    const auto* before = known ? &*known : nullptr;
    switch (taking.noun) {
        case Noun::template_:
            record.row = take_template(tx, taking, before);
            break;
        case Noun::session:
            record.row = take_session(tx, taking, before);
            break;
        case Noun::workspace:
            record.row = take_workspace(tx, taking, before);
    }
    tx.put_mirrored(record);
}

void take_ask(store::Tx& tx, Mirrored record, const Seen& seen, Time now) {
    auto caller = Caller::system();
    caller.name = seen.user;
    if (seen.state) ask_of(tx, caller, record.row, *seen.state, now);
    record.generation = seen.generation;
    tx.put_mirrored(record);
}

void end_row(store::Tx& tx, const Mirrored& record, Time now) {
    auto caller = Caller::system();
    caller.name = "kubectl";
    switch (record.noun) {
        case Noun::template_:
            acts::delete_template(tx, caller, record.row, now);
            break;
        case Noun::session:
            ask_of(tx, caller, record.row, State::terminated, now);
            break;
        case Noun::workspace:
            acts::give_up_workspace(tx, acts::find_workspace(tx, caller, record.row), caller.name, now);
    }
}

std::string reason_of(const Error& error) {
    std::string reason;
    bool upper = true;
    for (const char letter : error.code) {
        const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
        if (plain) reason += upper && letter >= 'a' ? static_cast<char>(letter - 'a' + 'A') : letter;
        upper = !plain;
    }
    return reason.empty() || reason.front() <= '9' ? "Refused" : reason;
}

std::string message_of(const Error& error) {
    return error.next.empty() ? error.user : error.user + ": " + error.next;
}

}  // namespace berth::control::mirror
