#include "operator/queue.hpp"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

const SessionId a{"a"}, b{"b"};
Time at(int milliseconds) {
    return Time(Duration(milliseconds));
}

TEST(Queue, notifications_of_a_waiting_key_collapse_into_one) {
    Queue queue;
    queue.add(a, at(5));
    queue.add(a, at(5));
    EXPECT_EQ(queue.take(at(10)), a);
    queue.done(a);
    EXPECT_EQ(queue.take(at(10)), std::nullopt);
}

TEST(Queue, notifications_during_a_look_lead_to_one_more_look) {
    Queue queue;
    queue.add(a, at(0));
    ASSERT_EQ(queue.take(at(0)), a);
    queue.add(a, at(1));
    queue.add(a, at(2));
    EXPECT_EQ(queue.take(at(5)), std::nullopt) << "one key is never looked at twice at once";
    queue.done(a);
    EXPECT_EQ(queue.take(at(5)), a);
    queue.done(a);
    EXPECT_EQ(queue.take(at(5)), std::nullopt);
}

TEST(Queue, notifications_during_a_look_may_be_made_to_wait) {
    Queue queue;
    queue.add(a, at(0));
    ASSERT_EQ(queue.take(at(0)), a);
    queue.add(a, at(1));
    queue.done(a, at(30));
    EXPECT_EQ(queue.take(at(29)), std::nullopt);
    EXPECT_EQ(queue.take(at(30)), a);
}

TEST(Queue, of_two_times_the_earlier_wins) {
    Queue queue;
    queue.add(a, at(50));
    queue.add(a, at(20));
    queue.add(a, at(90));
    EXPECT_EQ(queue.next(), at(20));
    EXPECT_EQ(queue.take(at(19)), std::nullopt);
    EXPECT_EQ(queue.take(at(20)), a);
}

TEST(Queue, gives_the_key_that_is_due_longest_first) {
    Queue queue;
    queue.add(a, at(7));
    queue.add(b, at(3));
    EXPECT_EQ(queue.take(at(9)), b);
    EXPECT_EQ(queue.take(at(9)), a);
}

TEST(Queue, what_was_begun_comes_before_what_waits_to_begin) {
    Queue queue;
    queue.add(a, at(0));
    queue.add(b, at(3), Cause::news);
    EXPECT_EQ(queue.next(), at(0));
    EXPECT_EQ(queue.take(at(2)), a) << "news that are not due yet hold up nobody";
    queue.done(a);
    queue.add(a, at(0));
    EXPECT_EQ(queue.take(at(3)), b);
    EXPECT_EQ(queue.take(at(3)), a);
}

TEST(Queue, news_of_a_waiting_or_looked_at_key_moves_it_forward) {
    Queue queue;
    queue.add(a, at(0));
    queue.add(b, at(5));
    queue.add(b, at(1), Cause::news);
    EXPECT_EQ(queue.size(), 2u);
    ASSERT_EQ(queue.take(at(1)), b);
    queue.add(b, at(2), Cause::news);
    queue.add(b, at(2));
    queue.done(b);
    EXPECT_EQ(queue.take(at(2)), b);
    queue.done(b);
    EXPECT_EQ(queue.take(at(2)), a);
    EXPECT_EQ(queue.next(), std::nullopt);
}

}  // namespace
}  // namespace berth::control
