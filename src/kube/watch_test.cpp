#include "kube/watch.hpp"

#include <gtest/gtest.h>

#include <set>

#include "imposters/kubernetes/harness.hpp"
#include "kube/refusal.hpp"

namespace berth::kube {
namespace {

using namespace std::chrono_literals;
using imposter::HttpRequest;
using imposter::Where;

TEST(Lines, come_whole_however_the_bytes_do) {
    const std::string text = "{\"a\":1}\n\n{\"b\":2}\nrest";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        Lines lines;
        std::vector<std::string> found;
        for (std::size_t at = 0; at < text.size(); at += piece) {
            lines.feed(std::string_view(text).substr(at, piece));
            while (const auto line = lines.next()) found.push_back(*line);
        }
        EXPECT_EQ(found, (std::vector<std::string>{"{\"a\":1}", "", "{\"b\":2}"})) << piece;
    }
}

TEST(Lines, one_above_the_limit_is_refused) {
    Lines lines;
    lines.feed(std::string((16u << 20) + 1, 'x'));
    try {
        lines.next();
        ADD_FAILURE() << "taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "cluster_answer");
    }
}

/// Writes down what it hears.
class Diary final : public Follower {
  public:
    void listing() override { say("listing"); }
    void seen(const json::value& object) override {
        say("seen " + name(object));
        there.insert(name(object));
    }
    void gone(const json::value& object) override {
        say("gone " + name(object));
        there.erase(name(object));
    }
    void listed(const std::string&) override { say("listed"); }
    void lost(const Error& why) override { say("lost " + why.code); }
    void resumed() override { say("resumed"); }
    /// What was said since the last time.
    std::vector<std::string> news() { return std::exchange(lines, {}); }

    std::vector<std::string> lines;
    std::set<std::string> there;

  private:
    static std::string name(const json::value& object) { return text_at(object, {"metadata", "name"}); }
    void say(std::string what) { lines.push_back(std::move(what)); }
};

using Words = std::vector<std::string>;

class Watch : public ::testing::Test {
  protected:
    Watch() : client({.address = harness.server.address()}, {}, harness.clock, harness.io.get_executor()) {
        objects.create("namespaces", {{"metadata", json::object{{"name", "a"}}}});
        harness.server.script = [this](const HttpRequest& request) {
            asked.push_back(request.query);
            return std::nullopt;
        };
    }
    void begin(WatchOptions options = {}) {
        options.resource = config_maps;
        options.seed = 1;
        harness.tasks.start("follow", follow(client, harness.clock, options, diary));
        harness.pass(1s);
    }
    void make(const std::string& name) {
        const json::object about{{"name", name}, {"namespace", "a"}};
        objects.create("configmaps", {{"metadata", about}});
    }
    void change(const std::string& name) {
        objects.edit({"configmaps", "a", name},
                     [this](json::object& object) { object["data"] = json::object{{"n", ++changes}}; });
    }

    imposter::Harness harness;
    imposter::Objects& objects = harness.server.objects;
    kube::Client client;
    Diary diary;
    std::vector<std::map<std::string, std::string>> asked;
    int changes = 0;
};

TEST_F(Watch, lists_in_pages_then_hears_what_happens) {
    for (const char* name : {"x1", "x2", "x3"}) make(name);
    begin({.page = 2});
    EXPECT_EQ(diary.news(), (Words{"listing", "seen x1", "seen x2", "seen x3", "listed", "resumed"}));
    make("x4");
    change("x1");
    objects.remove({"configmaps", "a", "x2"}, {});
    harness.pass(1s);
    EXPECT_EQ(diary.news(), (Words{"seen x4", "seen x1", "gone x2"}));
}

TEST_F(Watch, of_large_objects_takes_smaller_pages) {
    for (int i = 0; i < 20; ++i) {
        const json::object about{{"name", "x" + std::to_string(i)}, {"namespace", "a"}};
        const json::object data{{"much", std::string(4u << 20, 'x')}};
        objects.create("configmaps", {{"metadata", about}, {"data", data}});
    }
    begin({.page = 20});
    harness.pass(10s);
    EXPECT_EQ(diary.there.size(), 20u);
    std::vector<std::string> limits;
    for (const auto& query : asked)
        if (query.contains("limit")) limits.push_back(query.at("limit"));
    EXPECT_EQ(limits, (Words{"20", "10", "5", "5", "5", "5"}));
    EXPECT_TRUE(std::ranges::none_of(diary.lines, [](const auto& line) { return line.starts_with("lost"); }));
}

TEST_F(Watch, goes_on_where_a_stream_ended_without_listing) {
    make("x1");
    begin({.length = 1min});
    diary.news();
    harness.pass(2min);
    make("x2");
    harness.pass(1s);
    EXPECT_EQ(diary.news().back(), "seen x2");
    for (const auto& query : asked)
        if (query.contains("watch")) EXPECT_NE(query.at("resourceVersion"), "");
    EXPECT_EQ(std::ranges::count_if(asked, [](const auto& query) { return !query.contains("watch"); }), 1);
    EXPECT_TRUE(std::ranges::none_of(diary.lines, [](const auto& line) { return line == "listing"; }));
}

TEST_F(Watch, a_bookmark_moves_the_place_to_go_on_from) {
    make("x1");
    begin({.length = 90s});
    const auto first = asked.back().at("resourceVersion");
    // Something else happens that this watch does not hear of, but for the bookmark.
    const json::object about{{"name", "other"}, {"namespace", "a"}};
    objects.create("secrets", {{"metadata", about}});
    harness.pass(3min);
    EXPECT_TRUE(is_older(first, asked.back().at("resourceVersion")));
    EXPECT_EQ(diary.lines.front(), "listing");
}

TEST_F(Watch, lists_anew_when_its_place_is_forgotten) {
    make("x1");
    make("x2");
    begin();
    diary.news();
    harness.server.vanish();
    objects.remove({"configmaps", "a", "x2"}, {});
    make("x3");
    objects.forget();
    harness.server.appear();
    harness.pass(1min);
    const auto news = diary.news();
    EXPECT_EQ(news.front().substr(0, 4), "lost");
    EXPECT_EQ(Words(news.end() - 5, news.end()),
              (Words{"listing", "seen x1", "seen x3", "listed", "resumed"}));
}

TEST_F(Watch, a_place_that_is_always_forgotten_is_not_asked_for_without_a_pause) {
    make("x1");
    harness.server.faults.forgotten = 1;
    begin();
    harness.pass(1min);
    EXPECT_LT(asked.size(), 60u);
    harness.server.faults = {};
    harness.pass(1min);
    make("x2");
    harness.pass(1s);
    EXPECT_TRUE(diary.there.contains("x2"));
}

TEST_F(Watch, one_that_says_nothing_for_minutes_is_left) {
    make("x1");
    harness.server.faults.watch_silent = 1;
    begin({.length = 1h});
    harness.server.faults = {};
    harness.pass(2min);
    make("x2");
    harness.pass(1s);
    EXPECT_FALSE(diary.there.contains("x2"));
    harness.pass(5min);
    EXPECT_TRUE(diary.there.contains("x2"));
    EXPECT_TRUE(std::ranges::count(diary.lines, "lost timed_out") == 1);
}

TEST_F(Watch, a_server_that_goes_away_is_waited_for_ever_longer) {
    make("x1");
    begin();
    harness.server.vanish();
    harness.pass(10min);
    const auto lost = std::ranges::count(diary.lines, "lost unreachable");
    EXPECT_GT(lost, 30);
    EXPECT_LT(lost, 100);
    make("x2");
    harness.server.appear();
    harness.pass(20s);
    EXPECT_TRUE(diary.there.contains("x2"));
    EXPECT_EQ(diary.lines.at(diary.lines.size() - 2), "resumed");
}

TEST_F(Watch, a_server_that_ends_watches_at_once_is_not_asked_without_a_pause) {
    make("x1");
    harness.server.script = [this](const HttpRequest& request) -> std::optional<std::vector<std::string>> {
        if (!request.query.contains("watch")) return std::nullopt;
        asked.push_back(request.query);
        return std::vector<std::string>{imposter::http_answer(200, "")};
    };
    begin();
    harness.pass(1min);
    EXPECT_LT(asked.size(), 30u);
}

TEST_F(Watch, what_is_no_event_is_a_failure_and_followed_by_a_new_try) {
    make("x1");
    int watches = 0;
    harness.server.script = [&](const HttpRequest& request) -> std::optional<std::vector<std::string>> {
        if (!request.query.contains("watch")) return std::nullopt;
        switch (++watches) {
            case 1:
                return std::vector<std::string>{imposter::http_answer(200, "<html>\n")};
            case 2:
                return std::vector<std::string>{imposter::http_answer(200, "{\"type\":\"ADDED\"}\n")};
            default:
                return std::nullopt;
        }
    };
    begin();
    harness.pass(1min);
    make("x2");
    harness.pass(1s);
    EXPECT_EQ(std::ranges::count(diary.lines, "lost cluster_answer"), 2);
    EXPECT_TRUE(diary.there.contains("x2"));
}

TEST_F(Watch, nothing_is_lost_whatever_goes_wrong) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        imposter::Dice dice(seed);
        harness.server.faults = {.refused = 0.2,
                                 .reset = 0.2,
                                 .torn = 0.2,
                                 .late = 0.3,
                                 .watch_cut = 0.2,
                                 .watch_silent = 0.2,
                                 .forgotten = 0.2,
                                 .event_late = 0.3,
                                 .event_twice = 0.3};
        if (seed == 1) begin({.page = 3});
        for (int i = 0; i < 30; ++i) {
            const auto name = "x" + std::to_string(dice.number(9));
            const Where where{"configmaps", "a", name};
            if (objects.find(where) == nullptr)
                make(name);
            else if (dice.chance(0.5))
                change(name);
            else
                objects.remove(where, {});
            harness.pass(dice.up_to(5s));
        }
        harness.server.faults = {};
        harness.pass(15min);
        std::set<std::string> there;
        for (const auto& [where, object] : objects.list("configmaps", {})) there.insert(where.name);
        for (const auto& name : there) EXPECT_TRUE(diary.there.contains(name)) << name << " seed " << seed;
    }
}

}  // namespace
}  // namespace berth::kube
