#pragma once

#include "model/user.hpp"

namespace berth {

/// What an event is for; each class is kept for a time of its own.
enum class EventClass {
    audit,  ///< Somebody did something: kept long.
    state,  ///< Something became something: the change feed.
};
BOOST_DESCRIBE_ENUM(EventClass, audit, state)

/// One change, appended in the transaction that made it and published after its commit, in order.
struct Event {
    std::int64_t sequence = 0;  ///< Grows by one with each event; gaps never appear out of order.
    Time at{};
    EventClass class_ = EventClass::state;
    std::string actor;         ///< Name of the user, or "berth".
    std::string kind;          ///< `session.started`, `template.updated`, `user.login`…
    std::string subject_kind;  ///< session, template, workspace, user, image.
    std::string subject;       ///< Id of the session, workspace or user; name of the template.
    UserId owner;              ///< Who may see it besides administrators; empty: everybody.
    json::object data;
    bool operator==(const Event&) const = default;
};
BOOST_DESCRIBE_STRUCT(Event, (), (sequence, at, class_, actor, kind, subject_kind, subject, owner, data))

}  // namespace berth
