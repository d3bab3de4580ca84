#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/rows.hpp"
#include "api/services.hpp"
#include "plan/asks.hpp"
#include "plan/name.hpp"

namespace berth::api {
namespace {

constexpr int events_default = 100, events_max = 1000;

/// Who asks for what of which session.
struct Ask {
    Caller caller;
    std::string name;  // Id or name of the session.
    plan::Asked (*ask)(Session&, Time) = nullptr;
    std::string kind;  // Of the audit event.
    Time now{};
};

void tell(store::Tx& tx, const Session& session, const Ask& ask) {
    Happening happening{.at = ask.now,
                        .actor = ask.caller.name,
                        .kind = ask.kind,
                        .subject_kind = "session",
                        .subject = session.id.text,
                        .owner = session.user,
                        .data = {{"name", session.name}}};
    append_audit(tx, happening);
    happening.kind = "session.updated";
    happening.data["status"] = json::to_json(session.status);
    happening.data["state"] = json::enum_name(desired(session.asks));
    append_state(tx, happening);
}

/// Refuses a start that the quota of the session's user has no room for.
void require_room(store::Rows& rows, const Session& session) {
    const auto revision = rows.find_revision(Caller::system(), session.template_, session.revision);
    if (!revision) throw no_such("template revision");
    const auto others = holdings_of(rows, session.user, session.id);
    if (auto refusal = plan::admit_wake(limits_of(rows, session.user), others, plan::demand(revision->spec)))
        throw Error(*refusal);
}

Session put_ask(store::Tx& tx, const Ask& ask) {
    auto session = find_session(tx, ask.caller, ask.name);
    const bool ran = takes_part(session);
    if (ask.ask(session, ask.now) == plan::Asked::nothing) return session;
    if (!ran && desired(session.asks) == State::running) require_room(tx, session);
    tx.update_session(session);
    tell(tx, session, ask);
    return session;
}

Task<view::Session> write_ask(Services& services, Ask ask) {
    auto write = [ask = std::move(ask), origin = services.origin](store::Tx& tx) {
        return session_view(tx, origin, put_ask(tx, ask));
    };
    co_return co_await services.store.write(std::move(write));
}

Task<Accepted<view::Session>> accept(Call call, std::string name, plan::Asked (*put)(Session&, Time),
                                     std::string kind) {
    Ask ask{.caller = call.caller_by_role(),
            .name = std::move(name),
            .ask = put,
            .kind = std::move(kind),
            .now = call.services->now()};
    auto session = co_await write_ask(*call.services, std::move(ask));
    co_return Accepted<view::Session>{std::move(session)};
}

void rename(store::Tx& tx, const Ask& ask, const std::string& name) {
    auto session = find_session(tx, ask.caller, ask.name);
    if (session.name == name) return;
    plan::check_name("session", name);
    if (const auto other = tx.find_session_by_name(session.user, name);
        other && other->status.phase != Phase::gone)
        throw Error(Kind::conflict, "name_taken", "there is a session " + quoted(name) + " already",
                    "choose another name");
    session.name = name;
    tx.update_session(session);
    tell(tx, session, ask);
}

}  // namespace

Task<view::List<view::Session>> list_sessions(Call call, Params<view::SessionQuery> query) {
    auto wanted = list_query(query);
    filter(wanted, "phase", query.phase);
    filter(wanted, "template", query.template_);
    filter(wanted, "workspace", query.workspace);
    filter(wanted, "engine", query.engine);
    filter(wanted, "user", query.user);
    auto read = [caller = call.caller(query.all.value_or(false)), wanted,
                 origin = call.services->origin](store::Rows& rows) {
        const auto page = rows.list_sessions(caller, wanted);
        view::List<view::Session> list{.total = page.total, .next = page.next};
        for (const auto& session : page.items) list.items.push_back(session_view(rows, origin, session));
        return list;
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::Session> get_session(Call call, std::string name) {
    auto read = [caller = call.caller_by_role(), name, origin = call.services->origin](store::Rows& rows) {
        return session_view(rows, origin, find_session(rows, caller, name));
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::Session> patch_session(Call call, std::string name, view::SessionPatch body) {
    Ask ask{.caller = call.caller_by_role(),
            .name = std::move(name),
            .kind = "session.renamed",
            .now = call.services->now()};
    auto write = [ask, body, origin = call.services->origin](store::Tx& tx) mutable {
        // By its id from here on: the name may be the one that changes.
        ask.name = find_session(tx, ask.caller, ask.name).id.text;
        if (body.name) rename(tx, ask, *body.name);
        if (body.state) {
            const bool run = *body.state == view::WantedState::running;
            ask.ask = run ? plan::ask_wake : plan::ask_hibernate;
            ask.kind = run ? "session.woken" : "session.hibernated";
            put_ask(tx, ask);
        }
        return session_view(tx, origin, find_session(tx, ask.caller, ask.name));
    };
    co_return co_await call.services->store.write(std::move(write));
}

Task<Accepted<view::Session>> delete_session(Call call, std::string name) {
    return accept(std::move(call), std::move(name), plan::ask_terminate, "session.deleted");
}

Task<Accepted<view::Session>> wake_session(Call call, std::string name) {
    return accept(std::move(call), std::move(name), plan::ask_wake, "session.woken");
}

Task<Accepted<view::Session>> hibernate_session(Call call, std::string name) {
    return accept(std::move(call), std::move(name), plan::ask_hibernate, "session.hibernated");
}

Task<Accepted<view::Session>> restart_session(Call call, std::string name) {
    return accept(std::move(call), std::move(name), plan::ask_restart, "session.restarted");
}

Task<view::List<view::Event>> session_events(Call call, std::string name,
                                             Params<view::SessionEventQuery> query) {
    const int limit = query.limit.value_or(events_default);
    if (limit < 1 || limit > events_max) json::refuse_type("limit", "expected 1 to 1000");
    auto read = [caller = call.caller_by_role(), name, limit](store::Rows& rows) {
        const auto session = find_session(rows, caller, name);
        view::List<view::Event> list;
        for (const auto& event : rows.events_of(caller, session.id.text, limit))
            list.items.push_back(event_view(event));
        list.total = std::ssize(list.items);
        return list;
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::Usage> session_usage(Call call, std::string name) {
    struct Facts {
        Session session;
        plan::Demand limits;
    };
    auto read = [caller = call.caller_by_role(), name](store::Rows& rows) {
        Facts facts{.session = find_session(rows, caller, name)};
        const auto revision =
            rows.find_revision(Caller::system(), facts.session.template_, facts.session.revision);
        if (revision) facts.limits = plan::demand(revision->spec);
        return facts;
    };
    const auto facts = co_await call.services->store.read(std::move(read));
    view::Usage seen{.limits = {.cpu = facts.limits.cpu, .memory = facts.limits.memory}};
    auto& engine = call.services->engine(facts.session.engine);
    const WorkloadId workload{facts.session.id.text};
    const auto usage = co_await engine.usage(workload);
    seen.cpu = usage.cpu;
    seen.memory = usage.memory;
    seen.storage = usage.storage;
    co_return seen;
}

}  // namespace berth::api
