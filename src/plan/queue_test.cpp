#include "plan/queue.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace berth::plan {
namespace {

using enum Resource;

Amounts amounts(std::int64_t processors) {
    Amounts all;
    all[running] = 1;
    all[cpu] = processors;
    return all;
}

Account account(Account::Kind kind, std::string whose, std::optional<int> most_running,
                std::optional<std::int64_t> most_cpu = {}) {
    Account made{.kind = kind, .name = whose};
    if (most_running) made.limits[running] = {*most_running, whose};
    if (most_cpu) made.limits[cpu] = {*most_cpu, whose};
    return made;
}

Waiting one(std::string id, std::string user, int since, std::vector<std::size_t> accounts,
            std::int64_t processors = 1) {
    return {.id = {std::move(id)},
            .user = {std::move(user)},
            .since = Time(Duration(since)),
            .wanted = amounts(processors),
            .accounts = std::move(accounts)};
}

std::string names(const std::vector<SessionId>& ids) {
    std::string all;
    for (const auto& id : ids) all += (all.empty() ? "" : " ") + id.text;
    return all;
}

TEST(Turns, go_round_the_users_and_within_a_user_by_who_waits_longest) {
    Room room{.accounts = {account(Account::Kind::engine, "engine", 4)}};
    room.waiting = {one("a1", "a", 1, {0}), one("a2", "a", 2, {0}), one("a3", "a", 3, {0}),
                    one("b1", "b", 4, {0}), one("c1", "c", 5, {0}), one("c2", "c", 6, {0})};
    room.running[UserId{"b"}] = 1;
    const auto turns = take_turns(room);
    EXPECT_EQ(names(turns.enter), "a1 c1 a2 b1");
    EXPECT_EQ(turns.wait,
              (std::vector<Place>{{{"c2"}, 1, 2, "running sessions: the limit of 4 of engine is in use"},
                                  {{"a3"}, 2, 2, "running sessions: the limit of 4 of engine is in use"}}));
    EXPECT_EQ(place_text(turns.wait[1]),
              "2nd of 2, waits for running sessions: the limit of 4 of engine is in use");
}

TEST(Turns, a_large_one_is_not_passed_over_for_small_ones) {
    Room room{.accounts = {account(Account::Kind::engine, "engine", {}, 8)}};
    room.accounts[0].used[cpu] = 5;
    room.waiting = {one("large", "a", 1, {0}, 6), one("small", "b", 2, {0}, 1)};
    const auto turns = take_turns(room);
    EXPECT_EQ(names(turns.enter), "");
    EXPECT_EQ(turns.wait.size(), 2u);
    room.accounts[0].used[cpu] = 1;
    EXPECT_EQ(names(take_turns(room).enter), "large small");
}

TEST(Turns, what_can_never_fit_holds_up_nobody_and_says_so) {
    Room room{.accounts = {account(Account::Kind::engine, "engine", {}, 8)}};
    room.waiting = {one("vast", "a", 1, {0}, 9), one("small", "b", 2, {0}, 1)};
    const auto turns = take_turns(room);
    EXPECT_EQ(names(turns.enter), "small");
    ASSERT_EQ(turns.wait.size(), 1u);
    EXPECT_EQ(turns.wait[0].cause, "processors: it needs 9m, more than the limit of 8m of engine");
}

TEST(Turns, who_waits_for_their_own_limit_keeps_nothing_from_others) {
    Room room{.accounts = {account(Account::Kind::user, "a", 1), account(Account::Kind::user, "b", 1),
                           account(Account::Kind::engine, "engine", 9)}};
    room.accounts[0].used[running] = 1;
    room.waiting = {one("a1", "a", 1, {0, 2}), one("b1", "b", 2, {1, 2})};
    EXPECT_EQ(names(take_turns(room).enter), "b1");
}

TEST(Turns, a_long_queue_is_told_to_be_long) {
    EXPECT_EQ(place_text({{"x"}, 101, 900, "memory"}), "more than 100 wait before it for memory");
    EXPECT_TRUE(place_text({{"x"}, 1, 900, "memory"}).starts_with("1st of 900"));
    EXPECT_TRUE(place_text({{"x"}, 11, 900, "memory"}).starts_with("11th of"));
    EXPECT_TRUE(place_text({{"x"}, 23, 900, "memory"}).starts_with("23rd of"));
}

/// Sessions that come, run for a while and end, under limits that change.
class History {
  public:
    explicit History(unsigned seed) : random_(seed) {
        room_.accounts = {account(Account::Kind::engine, "engine", 6, 12)};
        for (int user = 0; user < users; ++user)
            room_.accounts.push_back(account(Account::Kind::user, "user " + std::to_string(user), 3, 6));
    }

    void come() {
        const int user = pick(users);
        room_.waiting.push_back(one("s" + std::to_string(count_), "u" + std::to_string(user), count_,
                                    {0, static_cast<std::size_t>(user) + 1}, 1 + pick(6)));
        ++count_;
    }
    void end_some() {
        std::erase_if(running_, [&](const Waiting& session) {
            if (pick(3) != 0) return false;
            leave(session);
            return true;
        });
    }
    void end_all() {
        for (const auto& session : running_) leave(session);
        running_.clear();
    }
    /// Lets in, and checks what always holds.
    void turn() {
        const auto before = room_.waiting.size();
        const auto turns = take_turns(room_);
        ASSERT_EQ(turns.enter.size() + turns.wait.size(), before) << "nobody is lost";
        for (const auto& id : turns.enter) {
            const auto place = std::ranges::find(room_.waiting, id, &Waiting::id);
            ASSERT_NE(place, room_.waiting.end()) << "nobody comes in twice";
            for (const auto at : place->accounts) room_.accounts[at].used += place->wanted;
            ++room_.running[place->user];
            running_.push_back(*place);
            room_.waiting.erase(place);
        }
        for (const auto& held : room_.accounts)
            for (const auto& [what, limit] : held.limits)
                ASSERT_LE(held.used[what], limit.most) << held.name << " is over";
    }
    int pick(int below) { return std::uniform_int_distribution<>(0, below - 1)(random_); }
    std::size_t waiting() const { return room_.waiting.size(); }

  private:
    static constexpr int users = 4;
    void leave(const Waiting& session) {
        for (const auto at : session.accounts)
            for (const auto what : every_resource) room_.accounts[at].used[what] -= session.wanted[what];
        --room_.running[session.user];
    }
    std::mt19937 random_;
    Room room_;
    std::vector<Waiting> running_;
    int count_ = 0;
};

TEST(Turns, of_random_histories_are_never_over_lose_nobody_and_come_to_everybody) {
    for (unsigned seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        History history(seed);
        for (int step = 0; step < 60; ++step) {
            for (int i = history.pick(4); i > 0; --i) history.come();
            history.end_some();
            history.turn();
            if (testing::Test::HasFatalFailure()) return;
        }
        for (auto left = history.waiting() + 1; left > 0 && history.waiting() > 0; --left) {
            history.end_all();
            history.turn();
        }
        EXPECT_EQ(history.waiting(), 0u) << "whoever fits at all comes in once others have ended";
    }
}

}  // namespace
}  // namespace berth::plan
