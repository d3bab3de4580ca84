#include <boost/asio/thread_pool.hpp>
#include <latch>
#include <random>
#include <set>
#include <thread>

#include "store/store_fixture_test.hpp"

namespace berth::store {
namespace {

class Writes : public EveryStore {};
BERTH_EVERY_STORE(Writes);

TEST_P(Writes, that_throw_leave_nothing_and_tell_their_caller) {
    int heard = 0;
    const auto subscription = store->subscribe([&](const std::vector<Event>&) { ++heard; });
    const auto work = [&](Tx& tx) {
        tx.insert_session(make_session(ada, "lost"));
        tx.append(make_event("lost"));
        EXPECT_TRUE(tx.find_session_by_name(ada.id, "lost")) << "a write sees what it wrote";
        throw std::logic_error("changed my mind");
    };
    EXPECT_EQ(code_of([&] { write(work); }), "not an Error: changed my mind");
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_session_by_name(ada.id, "lost"); }), std::nullopt);
    EXPECT_EQ(read([](Rows& rows) { return rows.last_sequence(); }), 0);
    EXPECT_EQ(heard, 0);
}

TEST_P(Writes, go_on_after_a_conflict_that_they_expect) {
    write([&](Tx& tx) {
        tx.insert_session(make_session(ada, "shell"));
        auto other = make_session(ada, "shell");
        other.id = {"ses_other"};
        EXPECT_EQ(code_of([&] { tx.insert_session(other); }), "name_taken");
        other.name = "shell-2";
        tx.insert_session(other);
    });
    EXPECT_EQ(read([&](Rows& rows) { return rows.sessions_of(ada.id).size(); }), 2U);
}

TEST_P(Writes, give_results_and_move_only_ones_too) {
    EXPECT_EQ(*write([](Tx&) { return std::make_unique<int>(7); }), 7);
    EXPECT_EQ(*read([](Rows&) { return std::make_unique<int>(8); }), 8);
    EXPECT_EQ(code_of([&] { read([](Rows&) -> int { throw Error(Kind::invalid, "mine", "x"); }); }), "mine");
}

TEST_P(Writes, are_refused_once_the_store_is_closed) {
    store->close();
    store->close();
    EXPECT_EQ(code_of([&] { write([](Tx&) {}); }), "store_closed");
    EXPECT_EQ(code_of([&] { read([](Rows&) {}); }), "store_closed");
}

TEST_P(Writes, of_one_commit_that_fail_take_nothing_of_the_others_with_them) {
    asio::thread_pool callers(1);
    std::atomic<int> failed = 0;
    std::set<std::string> expected;
    for (int number = 0; number < 120; ++number) {
        const auto name = "s" + std::to_string(number);
        auto work = [this, number, name](Tx& tx) {
            tx.insert_session(make_session(ada, name));
            tx.append(make_event(name));
            if (number % 3 == 1) {
                auto same = make_session(ada, name);
                same.id = {"ses_same"};
                EXPECT_EQ(code_of([&] { tx.insert_session(same); }), "name_taken");
                tx.set_setting(name, "it went on");
            }
            if (number % 5 == 2) EXPECT_EQ(tx.events_of(system, name, 5).size(), 1U);
            if (number % 7 == 3) throw std::logic_error("undone");
            tx.append(make_event(name));
        };
        if (number % 7 != 3) expected.insert(name);
        asio::co_spawn(callers, store->write(std::move(work)),
                       [&](const std::exception_ptr& failure) { failed += failure ? 1 : 0; });
    }
    callers.join();
    EXPECT_EQ(failed, 17);
    std::set<std::string> there;
    for (const auto& session : read([&](Rows& rows) { return rows.sessions_of(ada.id); }))
        there.insert(session.name);
    EXPECT_EQ(there, expected);
    const auto events = read([&](Rows& rows) { return rows.events_after(system, 0, 1000); });
    ASSERT_EQ(events.size(), expected.size() * 2);
    for (std::size_t place = 0; place < events.size(); ++place) {
        EXPECT_EQ(events[place].sequence, static_cast<std::int64_t>(place) + 1);
        EXPECT_EQ(events[place].subject, events[place / 2 * 2].subject);
        EXPECT_TRUE(expected.contains(events[place].subject));
    }
    for (int number = 0; number < 120; ++number) {
        const auto name = "s" + std::to_string(number);
        EXPECT_EQ(read([&](Rows& rows) { return rows.find_setting(name); }).has_value(),
                  number % 3 == 1 && number % 7 != 3)
            << name;
    }
}

TEST_P(Writes, keep_text_that_every_database_can_keep) {
    auto user = make_user("eve");
    user.display_name = std::string("a\0b\xff \xc3\xa4 \xed\xa0\x80", 11);
    write([&](Tx& tx) { tx.insert_user(user); });
    user.display_name = "a\uFFFDb\uFFFD \u00e4 \uFFFD\uFFFD\uFFFD";
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_user(user.id); }), user);
}

class Events : public EveryStore {};
BERTH_EVERY_STORE(Events);

TEST_P(Events, come_back_and_are_published_with_their_number) {
    std::vector<Event> heard;
    auto subscription = store->subscribe(
        [&](const std::vector<Event>& events) { heard.insert(heard.end(), events.begin(), events.end()); });
    auto first = make_event("ses_1", ada.id), second = make_event("terminal");
    second.class_ = EventClass::audit;
    second.data = {{"name", "Ä\"\n"}, {"list", {1, 2}}};
    write([&](Tx& tx) {
        tx.append(first);
        tx.append(second);
    });
    first.sequence = 1;
    second.sequence = 2;
    EXPECT_EQ(heard, (std::vector{first, second}));
    EXPECT_EQ(read([&](Rows& rows) { return rows.events_after(system, 0, 10); }), heard);
    EXPECT_EQ(read([&](Rows& rows) { return rows.events_after(system, 1, 10); }), std::vector{second});
    EXPECT_EQ(read([&](Rows& rows) { return rows.events_after(system, 0, 1); }), std::vector{first});
    EXPECT_EQ(read([&](Rows& rows) { return rows.events_of(system, "terminal", 5); }), std::vector{second});
    EXPECT_EQ(read([](Rows& rows) { return std::pair(rows.oldest_sequence(), rows.last_sequence()); }),
              (std::pair<std::int64_t, std::int64_t>(1, 2)));
    subscription.reset();
    write([&](Tx& tx) { tx.append(first); });
    EXPECT_EQ(heard.size(), 2U) << "not after the subscription has ended";
}

TEST_P(Events, of_another_are_not_seen) {
    write([&](Tx& tx) {
        tx.append(make_event("ses_ada", ada.id));
        tx.append(make_event("terminal"));
        tx.append(make_event("ses_bob", bob.id));
    });
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_events(system, {.q = "ADA sess"}); }).total, 3);
    const auto seen = [&](const Caller& caller) {
        std::vector<std::string> subjects;
        for (const auto& event : read([&](Rows& rows) { return rows.events_after(caller, 0, 10); }))
            subjects.push_back(event.subject);
        return subjects;
    };
    using Subjects = std::vector<std::string>;
    EXPECT_EQ(seen(as_ada), (Subjects{"ses_ada", "terminal"}));
    EXPECT_EQ(seen(as_bob), (Subjects{"terminal", "ses_bob"}));
    EXPECT_EQ(seen(system), (Subjects{"ses_ada", "terminal", "ses_bob"}));
    EXPECT_TRUE(read([&](Rows& rows) { return rows.events_of(as_bob, "ses_ada", 5); }).empty());
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_events(as_bob, {}); }).total, 2);
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_events(system, {.q = "SES_"}); }).total, 2);
    EXPECT_EQ(
        read([&](Rows& rows) { return rows.list_events(system, {.equal = {{"class", "audit"}}}); }).total, 0);
    const auto page = read([&](Rows& rows) { return rows.list_events(system, {.limit = 2}); });
    EXPECT_EQ(page.items.front().subject, "ses_bob") << "newest first";
    const Query rest{.cursor = *page.next, .limit = 2};
    EXPECT_EQ(read([&](Rows& rows) { return rows.list_events(system, rest); }).items.at(0).subject,
              "ses_ada");
}

TEST_P(Events, are_forgotten_by_the_retention_of_their_class) {
    auto state = make_event("a"), audit = make_event("b"), newest = make_event("c");
    audit.class_ = EventClass::audit;
    newest.at = at(60);
    write([&](Tx& tx) {
        for (const auto& event : {audit, state, newest}) tx.append(event);
    });
    const auto count = [&] {
        return read([&](Rows& rows) { return rows.events_after(system, 0, 10).size(); });
    };
    const auto oldest = [&] { return read([](Rows& rows) { return rows.oldest_sequence(); }); };
    const auto forget = [&](Duration later) {
        write([&](Tx& tx) { tx.forget_expired(start_time + later); });
    };
    forget(std::chrono::hours(24 * 7));
    EXPECT_EQ(std::pair(count(), oldest()), (std::pair<std::size_t, std::int64_t>(3, 1)));
    forget(std::chrono::hours(24 * 8));
    EXPECT_EQ(std::pair(count(), oldest()), (std::pair<std::size_t, std::int64_t>(2, 3)))
        << "the older audit event stays, but who has not seen the second one missed something";
    forget(std::chrono::hours(24 * 400));
    EXPECT_EQ(std::pair(count(), oldest()), (std::pair<std::size_t, std::int64_t>(1, 3)))
        << "the newest stays";
    write([&](Tx& tx) { tx.append(newest); });
    EXPECT_EQ(read([](Rows& rows) { return rows.last_sequence(); }), 4) << "no number is given twice";
}

TEST_P(Events, of_many_writers_are_heard_in_order_without_a_gap) {
    constexpr int writers = 8, rounds = 50;
    std::vector<Event> heard;
    const auto subscription = store->subscribe(
        [&](const std::vector<Event>& events) { heard.insert(heard.end(), events.begin(), events.end()); });
    {
        std::vector<std::jthread> threads;
        for (int writer = 0; writer < writers; ++writer)
            threads.emplace_back([&, writer] {
                for (int round = 0; round < rounds; ++round) {
                    const auto work = [&](Tx& tx) {
                        tx.append(make_event(std::to_string(writer) + "." + std::to_string(round)));
                        tx.append(make_event("second"));
                        if (round % 5 == 4) throw std::logic_error("undone");
                        return tx.last_sequence();
                    };
                    if (round % 5 == 4) {
                        EXPECT_ANY_THROW(write(work));
                    } else {
                        const auto own = write(work);
                        EXPECT_GE(read([](Rows& rows) { return rows.last_sequence(); }), own);
                    }
                }
            });
    }
    store->close();
    ASSERT_EQ(heard.size(), static_cast<std::size_t>(writers * rounds / 5 * 4 * 2));
    std::map<std::string, int> last_round;
    for (std::size_t place = 0; place < heard.size(); ++place) {
        ASSERT_EQ(heard[place].sequence, static_cast<std::int64_t>(place) + 1);
        if (place % 2 == 1) {
            EXPECT_EQ(heard[place].subject, "second") << "the events of one write stay together";
            continue;
        }
        const auto dot = heard[place].subject.find('.');
        auto& last = last_round.try_emplace(heard[place].subject.substr(0, dot), -1).first->second;
        const int round = std::stoi(heard[place].subject.substr(dot + 1));
        EXPECT_LT(last, round);
        last = round;
    }
}

TEST(GroupCommit, commits_together_what_waits_and_undoes_only_what_throws) {
    const Directory directory;
    VirtualClock clock(start_time);
    const auto store = open({.database = directory.file(), .batch_max = 100}, clock);
    std::vector<std::size_t> commits;
    const auto subscription =
        store->subscribe([&](const std::vector<Event>& events) { commits.push_back(events.size()); });
    asio::thread_pool callers(1);
    std::latch started(1), go(1);
    std::atomic<int> failed = 0, done = 0;
    const auto start = [&](std::function<void(Tx&)> work) {
        asio::co_spawn(callers, store->write(std::move(work)),
                       [&](const std::exception_ptr& failure) { ++(failure ? failed : done); });
    };
    start([&](Tx& tx) {
        tx.append(make_event("first"));
        started.count_down();
        go.wait();
    });
    started.wait();
    for (int number = 0; number < 150; ++number)
        start([number](Tx& tx) {
            tx.append(make_event(std::to_string(number)));
            tx.set_setting("n" + std::to_string(number), "x");
            if (number % 3 == 0) throw std::logic_error("undone");
        });
    // All 150 wait once a write that comes after them was refused or taken: the callers' thread is one.
    std::latch queued(1);
    asio::post(callers, [&] { queued.count_down(); });
    queued.wait();
    go.count_down();
    callers.join();
    store->close();
    EXPECT_EQ(done, 101);
    EXPECT_EQ(failed, 50);
    EXPECT_EQ(commits, (std::vector<std::size_t>{1, 66, 34})) << "100 jobs a commit at most";
}

TEST(GroupCommit, refuses_more_than_may_wait) {
    const Directory directory;
    VirtualClock clock(start_time);
    const auto store = open({.database = directory.file(), .queue_max = 3}, clock);
    asio::thread_pool callers(1);
    std::latch started(1), go(1);
    std::vector<std::string> outcomes;
    const auto start = [&](std::function<void(Tx&)> work) {
        asio::co_spawn(callers, store->write(std::move(work)), [&](const std::exception_ptr& failure) {
            outcomes.push_back(failure ? code_of([&] { std::rethrow_exception(failure); }) : "done");
        });
    };
    start([&](Tx&) {
        started.count_down();
        go.wait();
    });
    started.wait();
    for (int number = 0; number < 5; ++number) start([](Tx&) {});
    std::latch queued(1);
    asio::post(callers, [&] { queued.count_down(); });
    queued.wait();
    go.count_down();
    callers.join();
    std::ranges::sort(outcomes);
    EXPECT_EQ(outcomes,
              (std::vector<std::string>{"done", "done", "done", "done", "store_busy", "store_busy"}));
}

TEST(GroupCommit, reads_are_snapshots_beside_a_write) {
    const Directory directory;
    VirtualClock clock(start_time);
    const auto store = open({.database = directory.file()}, clock);
    write(*store, [](Tx& tx) { tx.set_setting("n", "1"); });
    const auto seen = read(*store, [&](Rows& rows) {
        auto both = *rows.find_setting("n");
        write(*store, [](Tx& tx) { tx.set_setting("n", "2"); });
        return both + *rows.find_setting("n");
    });
    EXPECT_EQ(seen, "11");
    EXPECT_EQ(read(*store, [](Rows& rows) { return rows.find_setting("n"); }), "2");
}

}  // namespace
}  // namespace berth::store
