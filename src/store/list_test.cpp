#include <random>
#include <set>

#include "crypto/base64.hpp"
#include "store/store_fixture_test.hpp"

namespace berth::store {
namespace {

class Lists : public EveryStore {
  protected:
    Page<Session> list(const Query& query) {
        return read([&](Rows& rows) { return rows.list_sessions(as_ada, query); });
    }
    std::vector<std::string> names(const Query& query) {
        std::vector<std::string> found;
        for (const auto& session : list(query).items) found.push_back(session.name);
        return found;
    }
    /// The sentence and the advice of the refusal.
    std::string refusal(const Query& query) {
        try {
            list(query);
        } catch (const Error& error) {
            return (error.kind == Kind::invalid ? "" : "not invalid: ") + error.user + " | " + error.next;
        }
        return "not refused";
    }
};
BERTH_EVERY_STORE(Lists);

using Names = std::vector<std::string>;

TEST_P(Lists, are_newest_first_unless_asked_otherwise) {
    auto old = make_session(ada, "b-old"), young = make_session(ada, "a-young");
    young.created_at = at(9);
    young.last_active_at = at(10);
    write([&](Tx& tx) {
        tx.insert_session(old);
        tx.insert_session(young);
    });
    EXPECT_EQ(names({}), (Names{"a-young", "b-old"}));
    EXPECT_EQ(names({.sort = "createdAt"}), (Names{"b-old", "a-young"}));
    EXPECT_EQ(names({.sort = "-created_at"}), (Names{"a-young", "b-old"}));
    EXPECT_EQ(names({.sort = "name"}), (Names{"a-young", "b-old"}));
    EXPECT_EQ(names({.sort = "-name"}), (Names{"b-old", "a-young"}));
    EXPECT_EQ(names({.sort = "lastActiveAt"}), (Names{"b-old", "a-young"}));
}

TEST_P(Lists, look_for_text_literally_and_without_case) {
    const Names all = {"100%", "1000", "a_b", "axb", "back\\slash", "Grüße"};
    write([&](Tx& tx) {
        for (const auto& name : all) tx.insert_session(make_session(ada, name));
    });
    EXPECT_EQ(names({.q = "0%", .sort = "name"}), (Names{"100%"}));
    EXPECT_EQ(names({.q = "a_b", .sort = "name"}), (Names{"a_b"}));
    EXPECT_EQ(names({.q = "k\\s", .sort = "name"}), (Names{"back\\slash"}));
    EXPECT_EQ(names({.q = "GRÜSSE", .sort = "name"}), (Names{"Grüße"}));
    EXPECT_EQ(names({.q = "' OR 1=1 --", .sort = "name"}), (Names{}));
    EXPECT_EQ(names({.q = "100", .sort = "name"}), (Names{"100%", "1000"}));
    EXPECT_EQ(list({.q = "100", .limit = 1}).total, 2);
}

TEST_P(Lists, are_in_the_order_of_bytes_whatever_the_language_of_the_database) {
    const Names sorted = {"B", "Zebra", "a-b", "a_b", "ab", "apfel", "Äpfel", "ß", "éclair", "中"};
    write([&](Tx& tx) {
        for (const auto& name : sorted) tx.insert_session(make_session(ada, name));
    });
    EXPECT_EQ(names({.sort = "name"}), sorted);
    EXPECT_EQ(names({.sort = "-name"}), Names(sorted.rbegin(), sorted.rend()));
    Names walked;
    Query query{.sort = "name", .limit = 1};
    do {
        const auto page = list(query);
        walked.push_back(page.items.at(0).name);
        query.cursor = page.next.value_or("");
    } while (!query.cursor.empty());
    EXPECT_EQ(walked, sorted);
}

TEST_P(Lists, filter_by_columns) {
    auto failed = make_session(ada, "failed"), running = make_session(ada, "running");
    failed.status.phase = Phase::failed;
    running.status.phase = Phase::running;
    running.engine = "sim";
    write([&](Tx& tx) {
        tx.insert_session(failed);
        tx.insert_session(running);
    });
    EXPECT_EQ(names({.equal = {{"phase", "failed"}}}), (Names{"failed"}));
    EXPECT_EQ(names({.equal = {{"phase", "running"}, {"engine", "sim"}, {"revision", "1"}}}),
              (Names{"running"}));
    EXPECT_EQ(names({.equal = {{"phase", "running"}, {"engine", "container"}}}), (Names{}));
    EXPECT_EQ(names({.equal = {{"template", "terminal"}, {"user", ada.id.text}}, .sort = "name"}),
              (Names{"failed", "running"}));
    EXPECT_EQ(names({.equal = {{"host", running.host}}}), (Names{"running"}));
}

TEST_P(Lists, refuse_what_they_do_not_know_and_name_the_nearest) {
    EXPECT_EQ(refusal({.equal = {{"phse", "failed"}}}),
              "phse: this list has no column \"phse\" | did you mean \"phase\"?");
    EXPECT_EQ(refusal({.sort = "-createAt"}),
              "sort: this list has no column \"createAt\" | did you mean \"createdAt\"?");
    EXPECT_EQ(refusal({.sort = "name; DROP TABLE session"}).substr(0, 25), "sort: this list has no co");
    EXPECT_EQ(refusal({.equal = {{"phase", "sleeping"}}}).substr(0, 34),
              "phase: there is no \"sleeping\" | us");
    EXPECT_EQ(refusal({.equal = {{"revision", "one"}}}), "revision: expected a whole number, not \"one\" | ");
    EXPECT_EQ(refusal({.equal = {{"createdAt", "1"}}}).substr(0, 45),
              "createdAt: this list has no column \"createdAt");
    EXPECT_EQ(refusal({.limit = 0}), "limit: expected 1 to 200 | ");
    EXPECT_EQ(refusal({.limit = 201}), "limit: expected 1 to 200 | ");
    EXPECT_EQ(refusal({.q = std::string(257, 'x')}), "q: at most 256 bytes | ");
}

TEST_P(Lists, refuse_cursors_that_they_did_not_give) {
    write([&](Tx& tx) {
        for (const auto* name : {"a", "b", "c"}) tx.insert_session(make_session(ada, name));
    });
    const auto cursor = *list({.sort = "name", .limit = 1}).next;
    EXPECT_EQ(refusal({.sort = "name", .cursor = cursor}), "not refused");
    const auto expected = "cursor: not one that this list gave | start again without a cursor";
    EXPECT_EQ(refusal({.sort = "-name", .cursor = cursor}), expected) << "of another order";
    std::vector<std::string> wrong = {"x", "????", cursor + "A", cursor.substr(1), std::string(5000, 'A')};
    for (const auto* text :
         {"", "{}", "[]", "null", R"({"sort":"name"})", R"({"sort":"name","key":1,"id":"x"})",
          R"({"sort":"name","key":"a","id":7})", R"({"sort":"name","key":null,"id":"x"})"})
        wrong.push_back(crypto::base64url(text) + (*text == 0 ? "A" : ""));
    for (const auto& text : wrong)
        EXPECT_EQ(refusal({.sort = "name", .cursor = text}), expected) << text.substr(0, 60);
}

/// A session with few distinct values everywhere, so that sort keys tie.
Session random_session(const User& user, int number, std::mt19937& random) {
    auto session = make_session(user, "s" + std::to_string(number));
    session.host += std::to_string(number);
    session.created_at = at(static_cast<int>(random() % 4));
    session.engine = random() % 2 == 0 ? "sim" : "container";
    session.status.phase = random() % 2 == 0 ? Phase::running : Phase::failed;
    if (random() % 2 == 0) session.last_active_at = at(static_cast<int>(random() % 3));
    return session;
}

TEST_P(Lists, walked_page_by_page_show_each_row_once_while_others_come_and_go) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    int number = 0;
    std::set<std::string> stable;
    write([&](Tx& tx) {
        for (; number < 60; ++number) {
            const auto session = random_session(ada, number, random);
            tx.insert_session(session);
            stable.insert(session.name);
        }
        tx.insert_session(make_session(bob, "not-ours"));
    });
    for (const auto* column :
         {"name", "engine", "phase", "state", "createdAt", "lastActiveAt", "workspace", ""}) {
        for (const auto* sign : {"", "-"}) {
            Query query{.sort = *column == 0 ? "" : std::string(sign) + column};
            std::multiset<std::string> seen;
            do {
                query.limit = static_cast<int>(random() % 9) + 1;
                const auto page = list(query);
                EXPECT_LE(page.items.size(), static_cast<std::size_t>(query.limit));
                for (const auto& session : page.items) seen.insert(session.name);
                query.cursor = page.next.value_or("");
                // Somebody launches one and another ends meanwhile.
                auto passing = random_session(ada, number++, random);
                write([&](Tx& tx) { tx.insert_session(passing); });
                if (random() % 2 == 0) continue;
                passing.status.phase = Phase::gone;
                write([&](Tx& tx) { tx.update_session(passing); });
            } while (!query.cursor.empty());
            for (const auto& name : stable) EXPECT_EQ(seen.count(name), 1U) << name << " by " << query.sort;
            for (const auto& name : seen) EXPECT_EQ(seen.count(name), 1U) << name << " by " << query.sort;
        }
    }
}

TEST_P(Lists, count_what_matches_on_all_pages) {
    write([&](Tx& tx) {
        for (int number = 0; number < 7; ++number)
            tx.insert_session(make_session(ada, "s" + std::to_string(number)));
    });
    auto page = list({.limit = 3});
    EXPECT_EQ(page.total, 7);
    page = list({.cursor = *page.next, .limit = 4});
    EXPECT_EQ(page.total, 7);
    EXPECT_EQ(page.items.size(), 4U);
    EXPECT_EQ(page.next, std::nullopt) << "the last page says so";
}

}  // namespace
}  // namespace berth::store
