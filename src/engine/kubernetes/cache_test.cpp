#include "engine/kubernetes/cache.hpp"

#include <gtest/gtest.h>

namespace berth::engine::kubernetes {
namespace {

json::value object(const std::string& name, const std::string& uid, int version,
                   const std::string& workload = "w") {
    const json::object labels{{label_workload, workload}};
    return json::object{{"metadata", json::object{{"namespace", "a"},
                                                  {"name", name},
                                                  {"uid", uid},
                                                  {"resourceVersion", std::to_string(version)},
                                                  {"labels", labels}}}};
}

/// A shelf of objects, and what it said.
class KubernetesShelf : public ::testing::Test {
  protected:
    Shelf<SeenObject> shelf{
        read_object, [this](const SeenObject& object) { moved.push_back(object.uid + "@" + object.version); },
        [this](const std::optional<Error>& why) { states.push_back(why ? why->code : "up"); }};
    std::string version_of(const std::string& name) const {
        const auto* found = shelf.find({"a", name});
        return found == nullptr ? "" : found->uid + "@" + found->version;
    }
    void list(const std::vector<json::value>& objects, int version) {
        shelf.listing();
        for (const auto& one : objects) shelf.seen(one);
        shelf.listed(std::to_string(version));
    }
    std::vector<std::string> moved, states;
};

using Words = std::vector<std::string>;

TEST_F(KubernetesShelf, of_two_versions_the_later_stays_whichever_is_heard_first) {
    shelf.seen(object("x", "u1", 99));
    shelf.seen(object("x", "u1", 100));
    shelf.seen(object("x", "u1", 99));
    shelf.seen(object("x", "u1", 100));
    EXPECT_EQ(version_of("x"), "u1@100");
    EXPECT_EQ(moved, (Words{"u1@99", "u1@100"}));
}

TEST_F(KubernetesShelf, what_is_gone_does_not_come_back_by_a_late_word) {
    shelf.seen(object("x", "u1", 5));
    shelf.gone(object("x", "u1", 8));
    shelf.seen(object("x", "u1", 5));
    shelf.seen(object("x", "u1", 8));
    EXPECT_EQ(version_of("x"), "");
    EXPECT_TRUE(shelf.workloads().empty());
    shelf.gone(read_object(object("y", "u2", 6)));
    shelf.seen(object("y", "u2", 600));
    EXPECT_EQ(version_of("y"), "") << "we removed it ourselves, whatever was said later";
}

TEST_F(KubernetesShelf, a_mark_that_was_taken_away_and_given_back_counts_again) {
    shelf.seen(object("x", "u1", 5));
    shelf.gone(object("x", "u1", 8));
    shelf.seen(object("x", "u1", 9));
    EXPECT_EQ(version_of("x"), "u1@9");
}

TEST_F(KubernetesShelf, a_successor_of_the_same_name_is_told_from_what_it_followed) {
    shelf.seen(object("x", "u1", 5));
    shelf.seen(object("x", "u2", 9));
    shelf.gone(object("x", "u1", 8));
    shelf.seen(object("x", "u1", 7));
    EXPECT_EQ(version_of("x"), "u2@9");
    EXPECT_EQ(moved, (Words{"u1@5", "u1@5", "u2@9"})) << "who waits for the first hears that it went";
}

TEST_F(KubernetesShelf, a_list_tells_what_went_meanwhile_but_not_of_what_is_newer) {
    list({object("x", "u1", 1), object("y", "u2", 2)}, 10);
    EXPECT_TRUE(shelf.complete());
    EXPECT_EQ(states, Words{"up"});
    shelf.seen(object("z", "u3", 25));
    moved.clear();
    list({object("y", "u2", 2)}, 20);
    EXPECT_EQ(version_of("x"), "");
    EXPECT_EQ(version_of("y"), "u2@2");
    EXPECT_EQ(version_of("z"), "u3@25");
    EXPECT_EQ(moved, Words{"u1@1"});
    shelf.seen(object("x", "u1", 1));
    EXPECT_EQ(version_of("x"), "");
}

TEST_F(KubernetesShelf, what_is_heard_while_a_list_is_read_stays) {
    list({object("x", "u1", 1)}, 10);
    shelf.listing();
    shelf.seen(object("x", "u1", 15));  // The answer to a write of ours.
    shelf.listed("20");
    EXPECT_EQ(version_of("x"), "u1@15");
}

TEST_F(KubernetesShelf, each_workload_has_its_own) {
    shelf.seen(object("x", "u1", 1, "one"));
    shelf.seen(object("y", "u2", 2, "one"));
    shelf.seen(object("z", "u3", 3, "other"));
    EXPECT_EQ(shelf.of({"one"}).size(), 2u);
    shelf.seen(object("y", "u2", 4, "other"));
    EXPECT_EQ(shelf.of({"one"}).size(), 1u);
    EXPECT_EQ(shelf.of({"other"}).size(), 2u);
    EXPECT_EQ(shelf.of({"none"}).size(), 0u);
}

TEST_F(KubernetesShelf, is_not_up_again_before_the_first_whole_list) {
    shelf.lost(Error(Kind::unavailable, "away", ""));
    shelf.resumed();
    EXPECT_EQ(states, Words{"away"});
    list({}, 1);
    shelf.lost(Error(Kind::unavailable, "away", ""));
    shelf.resumed();
    EXPECT_EQ(states, (Words{"away", "up", "away", "up"}));
}

TEST_F(KubernetesShelf, remembers_only_so_many_that_are_gone) {
    for (int i = 0; i < 10'000; ++i) {
        shelf.seen(object("x", "u" + std::to_string(i), 2 * i + 1));
        shelf.gone(object("x", "u" + std::to_string(i), 2 * i + 2));
    }
    EXPECT_EQ(shelf.size(), 0u);
}

TEST_F(KubernetesShelf, remembers_what_it_heard_only_while_a_list_is_read) {
    list({object("x", "u1", 1)}, 2);
    for (int i = 0; i < 100; ++i) {
        const auto name = "pod-" + std::to_string(i);
        shelf.seen(object(name, name, 10 + i));
        shelf.gone(object(name, name, 200 + i));
    }
    EXPECT_EQ(shelf.touched(), 0u);
    shelf.listing();
    shelf.seen(object("y", "u2", 400));
    EXPECT_EQ(shelf.touched(), 1u);
}

}  // namespace
}  // namespace berth::engine::kubernetes
