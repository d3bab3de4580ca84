#include "acts/ask.hpp"
#include "acts/managed.hpp"
#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/rows.hpp"
#include "api/services.hpp"

namespace berth::api {
namespace {

constexpr int events_default = 100, events_max = 1000;

Task<view::Session> write_ask(Services& services, acts::Ask ask) {
    auto write = [ask = std::move(ask), origin = services.origin](store::Tx& tx) {
        return session_view(tx, origin, acts::put_ask(tx, ask));
    };
    co_return co_await services.store.write(std::move(write));
}

Task<Accepted<view::Session>> accept(Call call, std::string name, plan::Asked (*put)(Session&, Time),
                                     std::string kind) {
    acts::Ask ask{.caller = call.caller_by_role(),
                  .name = std::move(name),
                  .ask = put,
                  .kind = std::move(kind),
                  .now = call.services->now()};
    auto session = co_await write_ask(*call.services, std::move(ask));
    co_return Accepted<view::Session>{std::move(session)};
}

std::pair<plan::Asked (*)(Session&, Time), const char*> ask_for(view::WantedState state) {
    switch (state) {
        case view::WantedState::running:
            return {plan::ask_wake, "session.woken"};
        case view::WantedState::frozen:
            return {plan::ask_freeze, "session.frozen"};
        case view::WantedState::hibernated:
            break;
    }
    return {plan::ask_hibernate, "session.hibernated"};
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
        return session_view(rows, origin, acts::find_session(rows, caller, name));
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::Session> patch_session(Call call, std::string name, view::SessionPatch body) {
    acts::Ask ask{.caller = call.caller_by_role(),
                  .name = std::move(name),
                  .kind = "session.renamed",
                  .now = call.services->now()};
    auto write = [ask, body, origin = call.services->origin](store::Tx& tx) mutable {
        // By its id from here on: the name may be the one that changes.
        const auto session = acts::find_session(tx, ask.caller, ask.name);
        ask.name = session.id.text;
        if (body.name && *body.name != session.name) acts::refuse_managed(tx, Noun::session, ask.name);
        if (body.name) acts::rename_session(tx, ask, *body.name);
        if (body.state) {
            std::tie(ask.ask, ask.kind) = ask_for(*body.state);
            acts::put_ask(tx, ask);
        }
        return session_view(tx, origin, acts::find_session(tx, ask.caller, ask.name));
    };
    co_return co_await call.services->store.write(std::move(write));
}

Task<Accepted<view::Session>> delete_session(Call call, std::string name) {
    return accept(std::move(call), std::move(name), plan::ask_terminate, "session.deleted");
}

Task<Accepted<view::Session>> wake_session(Call call, std::string name) {
    return accept(std::move(call), std::move(name), plan::ask_wake, "session.woken");
}

Task<Accepted<view::Session>> freeze_session(Call call, std::string name) {
    return accept(std::move(call), std::move(name), plan::ask_freeze, "session.frozen");
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
        const auto session = acts::find_session(rows, caller, name);
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
        plan::Amounts limits;
    };
    auto read = [caller = call.caller_by_role(), name](store::Rows& rows) {
        Facts facts{.session = acts::find_session(rows, caller, name)};
        const auto revision =
            rows.find_revision(Caller::system(), facts.session.template_, facts.session.revision);
        if (revision) facts.limits = plan::demand(revision->spec);
        return facts;
    };
    const auto facts = co_await call.services->store.read(std::move(read));
    view::Usage seen{.limits = {.cpu = {facts.limits[plan::Resource::cpu]},
                                .memory = {facts.limits[plan::Resource::memory]}}};
    auto& engine = call.services->engine(facts.session.engine);
    const WorkloadId workload{facts.session.id.text};
    const auto usage = co_await engine.usage(workload);
    seen.cpu = usage.cpu;
    seen.memory = usage.memory;
    seen.storage = usage.storage;
    co_return seen;
}

}  // namespace berth::api
