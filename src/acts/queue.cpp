#include "acts/queue.hpp"

#include <algorithm>

#include "acts/quota.hpp"
#include "acts/rows.hpp"

namespace berth::acts {
namespace {

using plan::Account;
using plan::Resource;

/// Every limit at nothing used: what is short even then is short for ever.
std::vector<Account> emptied(std::vector<Account> accounts) {
    for (auto& account : accounts) account.used = {};
    return accounts;
}

TemplateSpec spec_of(store::Rows& rows, const Session& session) {
    auto revision = rows.find_revision(Caller::system(), session.template_, session.revision);
    if (!revision) throw no_such("template revision");
    return std::move(revision->spec);
}

/// The accounts that those who wait draw on, each read once.
class Accounts {
  public:
    explicit Accounts(store::Rows& rows) : rows_(rows) {}

    /// The places of what a session draws on.
    std::vector<std::size_t> of(const Session& session, plan::Room& room) {
        auto places = of_user(session.user, room);
        places.push_back(
            place("engine", session.engine, room, [&] { return engine_account(rows_, session.engine); }));
        return places;
    }

  private:
    std::vector<std::size_t> of_user(const UserId& user, plan::Room& room) {
        const auto [known, is_new] = users_.try_emplace(user);
        if (!is_new) return known->second;
        const auto row = rows_.find_user(user).value_or(User{.id = user});
        auto& places = known->second;
        places.push_back(place("user", user.text, room, [&] { return account_of(rows_, row); }));
        room.running[user] = room.accounts[places.front()].used[Resource::running];
        for (const auto& group : rows_.groups_of(user))
            if (!plan::limits(group).empty())
                places.push_back(
                    place("group", group.id.text, room, [&] { return account_of(rows_, group); }));
        return places;
    }

    template <class Read>
    std::size_t place(const std::string& kind, const std::string& id, plan::Room& room, Read read) {
        const auto [known, is_new] = places_.try_emplace({kind, id}, room.accounts.size());
        if (is_new) room.accounts.push_back(read());
        return known->second;
    }

    store::Rows& rows_;
    std::map<UserId, std::vector<std::size_t>> users_;
    std::map<std::pair<std::string, std::string>, std::size_t> places_;
};

SessionStatus waiting_status(const Session& session, std::string message) {
    return {.phase = Phase::pending,
            .reason = std::string(plan::queued_word),
            .message = std::move(message),
            .incarnation = session.incarnation};
}

void enter(store::Tx& tx, Session session, const std::string& actor, Time now) {
    session.queued_at.reset();
    session.look_at = now;
    session.status = {.incarnation = session.incarnation};
    tx.update_session(session);
    tell_updated(tx, session, actor, now);
}

void tell_place(store::Tx& tx, Session session, const plan::Place& place, const std::string& actor,
                Time now) {
    auto status = waiting_status(session, plan::place_text(place));
    if (status == session.status) return;
    session.status = std::move(status);
    tx.update_session(session);
    append_state(tx, {.at = now,
                      .actor = actor,
                      .kind = std::string(place_told),
                      .subject_kind = "session",
                      .subject = session.id.text,
                      .owner = session.user,
                      .data = {{"name", session.name}, {"status", json::to_json(session.status)}}});
}

}  // namespace

bool may_start(store::Rows& rows, const Entry& entry) {
    const auto refuse = [&](const plan::Shortage& lack) -> Error {
        return plan::refusal(lack, running_names(rows, entry.user));
    };
    const auto wanted = plan::demand(entry.spec);
    const auto own = accounts_of(rows, entry.user);
    const std::vector<Account> engine{engine_account(rows, entry.engine)};
    if (const auto lack = plan::shortage(own, entry.things)) throw refuse(*lack);
    for (const auto& accounts : {emptied(own), emptied(engine)})
        if (const auto lack = plan::shortage(accounts, wanted)) throw refuse(*lack);
    const auto lack = plan::shortage(own, wanted);
    if (lack && !entry.spec.queue) throw refuse(*lack);
    if (lack || plan::shortage(engine, wanted)) return false;
    // Whoever can wait does not overtake those who do.
    const bool can_wait = entry.spec.queue || !engine.front().limits.empty();
    return !can_wait || rows.queued_sessions().empty();
}

void start_or_wait(store::Rows& rows, Session& session, const Entry& entry, Time now) {
    if (may_start(rows, entry)) return;
    session.queued_at = now;
    session.status = waiting_status(session, "waits for its turn");
}

void start_or_wait(store::Rows& rows, Session& session, Time now) {
    const auto spec = spec_of(rows, session);
    start_or_wait(rows, session, {.user = session.user, .engine = session.engine, .spec = spec}, now);
}

LetIn let_in(store::Tx& tx, const std::string& actor, Time now) {
    LetIn result;
    std::map<SessionId, Session> queued;
    plan::Room room;
    Accounts accounts(tx);
    std::map<std::pair<std::string, int>, plan::Amounts> demands;
    for (auto& session : tx.queued_sessions()) {
        const auto [demand, is_new] = demands.try_emplace({session.template_, session.revision});
        if (is_new) demand->second = plan::demand(spec_of(tx, session));
        room.waiting.push_back({.id = session.id,
                                .user = session.user,
                                .since = *session.queued_at,
                                .wanted = demand->second,
                                .accounts = accounts.of(session, room)});
        queued.emplace(session.id, std::move(session));
    }
    const auto turns = plan::take_turns(std::move(room));
    for (const auto& id : turns.enter) {
        enter(tx, queued.at(id), actor, now);
        result.entered.push_back(queued.at(id));
    }
    for (const auto& place : turns.wait) {
        const auto& session = queued.at(place.id);
        ++result.waiting[session.engine];
        tell_place(tx, session, place, actor, now);
    }
    return result;
}

}  // namespace berth::acts
