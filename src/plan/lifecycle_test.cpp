#include "plan/lifecycle.hpp"

#include <gtest/gtest.h>

#include <random>

#include "base/error.hpp"
#include "plan/asks.hpp"

namespace berth::plan {
namespace {

using namespace std::chrono_literals;
using Act = StayDecision::Act;

const Time dawn = parse_time("2026-03-01T09:00:00Z");

Session running(Time since = dawn) {
    Session session;
    session.name = "lab";
    session.asks.wake = since;
    session.asked_at = since;
    session.status.phase = Phase::running;
    session.status.incarnation = session.incarnation;
    session.status.timings.routed = 0;
    return session;
}

StayRules idle_rules(Duration after, Duration warn = 10min, Duration grace = 5min) {
    return {.idle = StayLimit{after, "the template"}, .warn_before = warn, .grace = grace};
}

Knowledge all(Time until) {
    return {.until = until};
}

TEST(StayRules, the_strictest_limit_counts_and_says_whose_it_is) {
    const Lifecycle of_template{.hibernate_after = 30min, .max_lifetime = 8h};
    const Standing standing{.own = {.max_lifetime = 1h},
                            .common = {.hibernate_after = 20min, .max_lifetime = 10min}};
    const auto rules = stay_rules(of_template, standing, {.hibernate_after = 25min});
    EXPECT_EQ(rules.idle, (StayLimit{20min, "the default quota"}));
    EXPECT_EQ(rules.lifetime, (StayLimit{1h, "the user's quota"})) << "one's own quota replaces the default";
    const Standing endless{.own = {.max_lifetime = 0s}, .common = {.max_lifetime = 10min}};
    EXPECT_EQ(stay_rules(of_template, endless, {}).lifetime, (StayLimit{8h, "the template"}))
        << "0 is no limit";
    EXPECT_EQ(stay_rules({}, {}, {.hibernate_after = 1h}).idle, (StayLimit{1h, "this launch"}));
    EXPECT_FALSE(stay_rules({}, {}, {}).idle);
}

TEST(StayRules, limits_that_nobody_can_work_under_are_refused) {
    EXPECT_NO_THROW(check_stay("x", std::nullopt));
    EXPECT_NO_THROW(check_stay("x", 10s));
    EXPECT_THROW(check_stay("x", 9s), Error);
    EXPECT_THROW(check_stay("x", std::chrono::days(366)), Error);
}

TEST(Stay, a_warning_then_the_limit_then_the_grace_then_the_stop) {
    auto session = running();
    const auto rules = idle_rules(30min);
    auto decision = judge_stay(session, rules, all(dawn), dawn);
    EXPECT_EQ(decision.act, Act::nothing);
    EXPECT_EQ(decision.next->at, dawn + 35min);
    EXPECT_EQ(decision.look_at, dawn + 25min);

    decision = judge_stay(session, rules, all(dawn + 25min), dawn + 25min);
    EXPECT_EQ(decision.act, Act::warn);
    session.stay.warned_at = dawn + 25min;
    decision = judge_stay(session, rules, all(dawn + 25min), dawn + 25min);
    EXPECT_EQ(decision.act, Act::nothing);
    EXPECT_EQ(decision.look_at, dawn + 35min);
    EXPECT_TRUE(decision.next->warned);

    decision = judge_stay(session, rules, all(dawn + 35min), dawn + 35min);
    EXPECT_EQ(decision.act, Act::stop);
    EXPECT_EQ(decision.look_at, dawn + 35min) << "the ask that is made is carried out at once";
    EXPECT_EQ(stop_sentence(*decision.next), "30m without activity, the limit of the template");
}

TEST(Stay, unknown_is_not_idle) {
    auto session = running();
    session.stay.warned_at = dawn + 25min;
    const auto rules = idle_rules(30min);
    auto decision = judge_stay(session, rules, all(dawn + 35min - 1ms), dawn + 2h);
    EXPECT_EQ(decision.act, Act::nothing) << "what people did is not known to the end";
    EXPECT_GT(decision.look_at, dawn + 2h);
    auto unwarned = running();
    EXPECT_EQ(judge_stay(unwarned, rules, all(dawn + 25min - 1ms), dawn + 26min).act, Act::nothing)
        << "nor does a warning come to somebody who may be at work";
    const Knowledge gap{.until = dawn + 2h, .gap = dawn + 1h};
    decision = judge_stay(session, rules, gap, dawn + 2h);
    EXPECT_EQ(decision.act, Act::warn) << "from the end of what is unknown all begins anew";
}

TEST(Stay, whatever_counts_as_use_takes_the_warning_back) {
    const auto rules = idle_rules(30min);
    auto used = running(), leased = running(), known = running();
    for (auto* session : {&used, &leased, &known}) session->stay.warned_at = dawn + 25min;
    used.last_active_at = dawn + 26min;
    leased.stay.leased_until = dawn + 3h;
    EXPECT_EQ(judge_stay(used, rules, all(dawn + 27min), dawn + 27min).act, Act::unwarn);
    EXPECT_EQ(judge_stay(leased, rules, all(dawn + 27min), dawn + 27min).act, Act::unwarn);
    EXPECT_EQ(judge_stay(leased, rules, all(dawn + 27min), dawn + 27min).next->at, dawn + 3h + 35min);
    EXPECT_EQ(judge_stay(known, {}, all(dawn + 27min), dawn + 27min).act, Act::unwarn)
        << "the limit has gone";
}

TEST(Stay, a_life_ends_whatever_is_done_and_whatever_is_known) {
    auto session = running();
    const StayRules rules{.lifetime = StayLimit{1h, "the user's quota"}, .warn_before = 10min, .grace = 5min};
    session.last_active_at = dawn + 1h;
    EXPECT_EQ(judge_stay(session, rules, {}, dawn + 55min).act, Act::warn);
    session.stay.warned_at = dawn + 55min;
    session.stay.warned_of = StopReason::lifetime;
    EXPECT_EQ(judge_stay(session, rules, {}, dawn + 65min).act, Act::stop);
}

TEST(Stay, the_nearer_end_is_the_one_that_is_told) {
    auto session = running();
    auto rules = idle_rules(30min);
    rules.lifetime = StayLimit{8h, "the template"};
    EXPECT_EQ(next_stop(session, rules, all(dawn), dawn)->reason, StopReason::idle);
    session.last_active_at = dawn + 7h + 50min;
    EXPECT_EQ(next_stop(session, rules, all(dawn), dawn + 7h + 51min)->reason, StopReason::lifetime);
}

TEST(Stay, a_berth_that_was_away_gives_the_whole_warning) {
    auto session = running();
    const auto rules = idle_rules(30min);
    const auto late = dawn + 10h;
    auto decision = judge_stay(session, rules, all(late), late);
    EXPECT_EQ(decision.act, Act::warn);
    EXPECT_EQ(decision.next->at, late + 10min);
    session.stay.warned_at = late;
    EXPECT_EQ(judge_stay(session, rules, all(late + 9min), late + 9min).act, Act::nothing);
    EXPECT_EQ(judge_stay(session, rules, all(late + 10min), late + 10min).act, Act::stop);
}

TEST(Stay, what_does_not_run_has_no_end_ahead) {
    const auto rules = idle_rules(30min);
    for (const auto phase :
         {Phase::pending, Phase::starting, Phase::stopping, Phase::hibernated, Phase::failed}) {
        auto session = running();
        session.status.phase = phase;
        EXPECT_FALSE(next_stop(session, rules, all(dawn), dawn + 9h)) << int(phase);
    }
    auto asked = running();
    ask_hibernate(asked, dawn + 1min);
    EXPECT_FALSE(next_stop(asked, rules, all(dawn), dawn + 9h));
    auto again = running();
    ask_restart(again, dawn + 1min);
    EXPECT_FALSE(next_stop(again, rules, all(dawn), dawn + 9h))
        << "the start that is asked for has not begun";
}

Session freezable(Time since = dawn) {
    auto session = running(since);
    session.status.freezable = true;
    return session;
}

StayRules both_rules(Duration freeze, Duration hibernate) {
    auto rules = idle_rules(hibernate);
    rules.freeze = StayLimit{freeze, "this launch"};
    return rules;
}

TEST(StayRules, the_strictest_freeze_counts_too) {
    const Standing standing{.common = {.freeze_after = 20min}};
    const auto rules = stay_rules({.freeze_after = 30min}, standing, {.freeze_after = 25min});
    EXPECT_EQ(rules.freeze, (StayLimit{20min, "the default quota"}));
    const Standing endless{.own = {.freeze_after = 0s}, .common = {.freeze_after = 20min}};
    EXPECT_FALSE(stay_rules({}, endless, {}).freeze);
}

TEST(Ladder, has_each_rung_with_its_own_delay_from_the_last_sign_of_life) {
    auto session = freezable();
    session.last_active_at = dawn + 5min;
    const auto ahead = ladder(session, both_rules(10min, 30min), all(dawn + 5min), dawn + 5min);
    ASSERT_EQ(ahead.size(), 2u);
    EXPECT_EQ(ahead[0].to, State::frozen);
    EXPECT_EQ(ahead[0].at, dawn + 15min) << "no grace: nothing is lost";
    EXPECT_EQ(ahead[0].limit.whose, "this launch");
    EXPECT_EQ(ahead[1].to, State::hibernated);
    EXPECT_EQ(ahead[1].at, dawn + 40min);
    EXPECT_EQ(next_stop(ahead), ahead[0]);
}

TEST(Ladder, has_no_freeze_where_the_engine_cannot_or_it_hibernates_before) {
    EXPECT_EQ(ladder(running(), both_rules(10min, 30min), all(dawn), dawn).size(), 1u);
    const auto late = ladder(freezable(), both_rules(2h, 30min), all(dawn), dawn);
    ASSERT_EQ(late.size(), 1u);
    EXPECT_EQ(late[0].to, State::hibernated);
}

TEST(Ladder, a_session_freezes_unasked_and_unwarned_and_hibernates_from_there_with_its_warning) {
    auto session = freezable();
    const auto rules = both_rules(10min, 30min);
    EXPECT_EQ(judge_stay(session, rules, all(dawn), dawn).look_at, dawn + 10min);
    EXPECT_EQ(judge_stay(session, rules, all(dawn + 10min - 1ms), dawn + 11min).act, Act::nothing)
        << "unknown is not idle";
    const auto decision = judge_stay(session, rules, all(dawn + 10min), dawn + 10min);
    EXPECT_EQ(decision.act, Act::freeze);
    EXPECT_EQ(stop_sentence(*decision.next), "10m without activity, the limit of this launch");

    ASSERT_EQ(ask_freeze(session, dawn + 10min), Asked::changed);
    session.status.phase = Phase::frozen;
    EXPECT_EQ(judge_stay(session, rules, all(dawn + 11min), dawn + 11min).look_at, dawn + 25min);
    EXPECT_EQ(judge_stay(session, rules, all(dawn + 25min), dawn + 25min).act, Act::warn);
    session.stay.warned_at = dawn + 25min;
    EXPECT_EQ(judge_stay(session, rules, all(dawn + 35min), dawn + 35min).act, Act::stop);
}

TEST(Ladder, a_frozen_session_comes_to_the_end_of_its_life) {
    auto session = freezable();
    ask_freeze(session, dawn + 1min);
    session.status.phase = Phase::frozen;
    session.stay.warned_at = dawn + 55min;
    session.stay.warned_of = StopReason::lifetime;
    const StayRules rules{.lifetime = StayLimit{1h, "the template"}, .warn_before = 10min, .grace = 5min};
    EXPECT_EQ(judge_stay(session, rules, {}, dawn + 65min).act, Act::stop);
}

TEST(Ladder, whoever_was_told_of_a_hibernation_waits_for_that) {
    auto session = freezable();
    session.stay.warned_at = dawn + 20min;
    EXPECT_EQ(next_stop(session, both_rules(29min, 30min), all(dawn + 21min), dawn + 21min)->to,
              State::hibernated);
    ask_freeze(session, dawn + 29min);
    EXPECT_TRUE(session.stay.warned_at) << "freezing takes no warning back";
}

TEST(Stay, notices_are_at_most_half_of_the_limit) {
    const auto stop = next_stop(running(), idle_rules(1min), all(dawn), dawn);
    EXPECT_EQ(stop->at, dawn + 90s);
    EXPECT_EQ(stop->warn_at, dawn + 60s);
    const auto sudden = next_stop(running(), idle_rules(1min, 0s, 0s), all(dawn), dawn);
    EXPECT_EQ(sudden->at, dawn + 1min);
    EXPECT_EQ(sudden->warn_at, sudden->at);
}

/// One session over hours of virtual time, as the loop treats it: people, leases, restarts of Berth and
/// gateways that are late with their reports, all by chance.
class Life {
  public:
    explicit Life(unsigned seed) : random_(seed) {
        rules_ = idle_rules(Duration(chance(60'000, 3'600'000)), Duration(chance(0, 600'000)),
                            Duration(chance(0, 300'000)));
        session_.status.freezable = chance(0, 4) != 0;
        if (chance(0, 1) == 0) rules_.freeze = StayLimit{Duration(chance(30'000, 3'600'000)), "this launch"};
        if (chance(0, 2) == 0)
            rules_.lifetime = StayLimit{Duration(chance(600'000, 20'000'000)), "the template"};
        last_use_ = now_;
    }

    void run() {
        const auto end = dawn + 12h;
        while (now_ < end && !stopped_) {
            happen();
            look();
            const auto next = now_ + Duration(chance(1, 120'000));
            // The loop looks when it said that it would, whatever else happens.
            now_ = look_at_ ? std::max(now_ + 1ms, std::min(next, *look_at_)) : next;
        }
        if (!stopped_) EXPECT_LT(now_ - last_sign(), 3h) << "nobody used it, and it went on for ever";
    }

  private:
    std::int64_t chance(std::int64_t least, std::int64_t most) {
        return std::uniform_int_distribution<std::int64_t>(least, most)(random_);
    }

    void happen() {
        if (chance(0, 99) < chance_of_people_) {
            pending_ = now_;
            last_use_ = now_;
        }
        if (chance(0, 499) == 0) {
            session_.stay.leased_until = now_ + Duration(chance(1'000, 3'600'000));
        }
        if (chance(0, 199) == 0) chance_of_people_ = chance_of_people_ == 0 ? 5 : 0;
        if (chance(0, 2) != 0) return;
        if (pending_) {
            if (wakes(session_, *pending_)) ask_wake(session_, now_);
            session_.last_active_at = std::max(*pending_, session_.last_active_at.value_or(*pending_));
        }
        pending_.reset();
        known_.until = now_;
    }

    void look() {
        session_.status.phase =
            desired(session_.asks) == State::frozen && chance(0, 9) != 0 ? Phase::frozen : Phase::running;
        const auto decision = judge_stay(session_, rules_, known_, now_);
        look_at_ = decision.look_at;
        if (look_at_) EXPECT_GE(*look_at_, std::min(now_, known_.until)) << "it would look at the past";
        switch (decision.act) {
            case Act::nothing:
                break;
            case Act::warn:
                session_.stay.warned_at = now_;
                session_.stay.warned_of = decision.next->reason;
                notice_ = decision.next->at - now_;
                look_at_ = now_;
                break;
            case Act::unwarn:
                session_.stay.warned_at.reset();
                look_at_ = now_;
                break;
            case Act::freeze:
                check_freeze(*decision.next);
                ask_freeze(session_, now_);
                session_.stay.stopped_by = decision.next->reason;
                break;
            case Act::stop:
                check_stop(*decision.next);
                stopped_ = true;
        }
    }

    void check_freeze(const NextStop& rung) {
        EXPECT_EQ(desired(session_.asks), State::running) << "it is frozen already";
        EXPECT_TRUE(session_.status.freezable);
        EXPECT_GE(now_, rung.at);
        if (last_sign() <= known_.until)
            EXPECT_GE(now_ - last_sign(), rules_.freeze->after) << "it was in use";
    }

    void check_stop(const NextStop& stop) {
        ASSERT_TRUE(session_.stay.warned_at) << "nobody was told";
        EXPECT_GE(now_ - *session_.stay.warned_at, std::min(notice_, stop.limit.after / 2));
        EXPECT_GE(now_, stop.at);
        if (stop.reason == StopReason::lifetime)
            EXPECT_GE(now_ - dawn, rules_.lifetime->after);
        else if (last_sign() <= known_.until)
            EXPECT_GE(now_ - last_sign(), rules_.idle->after) << "it was in use";
    }

    /// A lease may be replaced by a shorter one.
    Time last_sign() const { return std::max(last_use_, session_.stay.leased_until.value_or(last_use_)); }

    std::mt19937 random_;
    StayRules rules_;
    Session session_ = running();
    Knowledge known_ = all(dawn);
    Time now_ = dawn, last_use_;
    std::optional<Time> pending_, look_at_;
    Duration notice_{};
    std::int64_t chance_of_people_ = 5;
    bool stopped_ = false;
};

TEST(Stay, over_any_history_nobody_is_stopped_in_use_or_without_a_warning) {
    for (unsigned seed = 1; seed <= 2000 && !HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        Life(seed).run();
    }
}

TEST(Asks, extending_is_using) {
    auto session = running();
    EXPECT_EQ(ask_extend(session, dawn + 5min), Asked::changed);
    EXPECT_EQ(session.last_active_at, dawn + 5min);
    EXPECT_EQ(session.last_active_source, "extend");
    session.status.phase = Phase::hibernated;
    EXPECT_THROW(ask_extend(session, dawn + 6min), Error);
}

TEST(Asks, a_new_start_has_the_limits_of_its_launch_and_nothing_else_of_the_last) {
    auto session = running();
    session.stay = {.limits = {.hibernate_after = 1h},
                    .leased_until = dawn,
                    .lease = "x",
                    .warned_at = dawn,
                    .stopped_by = StopReason::idle,
                    .stopped_because = "y"};
    ask_restart(session, dawn + 1min);
    EXPECT_EQ(session.stay, (Stay{.limits = {.hibernate_after = 1h}}));
}

}  // namespace
}  // namespace berth::plan
