#include <fstream>

#include "store/migrations.hpp"
#include "store/postgres_uri.hpp"
#include "store/server_fixture_test.hpp"

namespace berth::store {
namespace {

/// Several Berths on one database.
class Replicas : public testing::Test {
  protected:
    void SetUp() override {
        if (PostgresServer::shared() == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
        schema = std::make_unique<Schema>(*PostgresServer::shared());
    }
    std::unique_ptr<Store> open_one(const std::string& name = "berth", ServerOptions server = impatient()) {
        return open({.database = schema->url("&application_name=" + name), .server = std::move(server)},
                    clock);
    }

    SystemClock clock;
    std::unique_ptr<Schema> schema;
};

TEST_F(Replicas, hear_the_events_of_all_in_order_and_once) {
    constexpr int writers = 3, rounds = 40;
    const auto first = open_one(), second = open_one();
    add_ada(*first);
    Heard by_first(*first), by_second(*second);
    {
        std::vector<std::jthread> threads;
        for (int writer = 0; writer < writers; ++writer)
            for (auto* store : {first.get(), second.get()})
                threads.emplace_back([store, writer] {
                    for (int round = 0; round < rounds; ++round) {
                        const auto subject = fmt::format("{}.{}", writer, round);
                        const auto own = write(*store, [&](Tx& tx) {
                            tx.append(make_event(subject));
                            tx.append(make_event(subject));
                            return tx.last_sequence();
                        });
                        EXPECT_GE(read(*store, [](Rows& rows) { return rows.last_sequence(); }), own);
                    }
                });
    }
    std::vector<std::int64_t> all;
    for (int number = 1; number <= writers * 2 * rounds * 2; ++number) all.push_back(number);
    EXPECT_TRUE(eventually([&] { return by_first.numbers().size() >= all.size(); }));
    EXPECT_TRUE(eventually([&] { return by_second.numbers().size() >= all.size(); }));
    EXPECT_EQ(by_first.numbers(), all);
    EXPECT_EQ(by_second.numbers(), all);
    EXPECT_EQ(by_first.subjects(), by_second.subjects());
}

TEST_F(Replicas, have_published_their_own_events_when_a_write_returns) {
    const auto first = open_one(), second = open_one();
    Heard heard(*first);
    for (int round = 0; round < 20; ++round) {
        write(*second, [](Tx& tx) { tx.append(make_event("of another")); });
        write(*first, [](Tx& tx) { tx.append(make_event("own")); });
        ASSERT_EQ(heard.numbers().size(), static_cast<std::size_t>(round + 1) * 2);
        ASSERT_EQ(heard.subjects().back(), "own");
    }
}

TEST_F(Replicas, give_a_name_once) {
    const auto first = open_one(), second = open_one();
    add_ada(*first);
    for (int round = 0; round < 20; ++round) {
        std::atomic<int> taken = 0;
        {
            std::vector<std::jthread> threads;
            for (auto* store : {first.get(), second.get()})
                threads.emplace_back([&, store] {
                    const auto code = code_of([&] {
                        auto session = make_session(make_user("ada"), "s" + std::to_string(round));
                        session.id = {crypto::random_text(16)};
                        write(*store, [&](Tx& tx) { tx.insert_session(session); });
                    });
                    EXPECT_TRUE(code == "nothing was thrown" || code == "name_taken") << code;
                    if (code == "nothing was thrown") ++taken;
                });
        }
        EXPECT_EQ(taken, 1);
    }
}

TEST_F(Replicas, count_what_others_have_committed_before_they_write) {
    // What a quota does: count, then insert. Never more than the limit, whoever asks.
    constexpr std::size_t limit = 5;
    const auto first = open_one(), second = open_one();
    add_ada(*first);
    {
        std::vector<std::jthread> threads;
        for (auto* store : {first.get(), second.get(), first.get(), second.get()})
            threads.emplace_back([store] {
                for (int round = 0; round < 10; ++round)
                    write(*store, [](Tx& tx) {
                        if (tx.sessions_of({"usr_ada"}).size() >= limit) return;
                        tx.insert_session(make_session(make_user("ada"), crypto::random_text(6)));
                    });
            });
    }
    EXPECT_EQ(sessions(*first).size(), limit);
}

TEST_F(Replicas, migrate_once_when_they_start_together) {
    std::vector<std::unique_ptr<Store>> stores(4);
    {
        std::vector<std::jthread> threads;
        for (auto& store : stores) threads.emplace_back([&] { store = open_one(); });
    }
    for (const auto& store : stores) EXPECT_TRUE(store);
    EXPECT_EQ(Connection(schema->url()).value<std::int64_t>("SELECT COUNT(*) FROM migration"),
              std::ssize(migrations()));
}

TEST_F(Replicas, that_hang_in_a_write_keep_others_waiting_for_a_moment_only) {
    const auto hanging = open_one(), other = open_one();
    add_ada(*other);
    std::atomic<bool> inside = false;
    std::string outcome;
    std::jthread hang([&] {
        outcome = code_of([&] {
            write(*hanging, [&](Tx& tx) {
                tx.append(make_event("lost"));
                tx.set_setting("n", "lost");
                inside = true;
                std::this_thread::sleep_for(std::chrono::milliseconds(1500));
                tx.set_setting("m", "lost");
            });
        });
    });
    while (!inside) std::this_thread::yield();
    const auto start = std::chrono::steady_clock::now();
    launch(*other, "through");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1200));
    hang.join();
    EXPECT_EQ(outcome, "database_unreachable");
    EXPECT_EQ(read(*other, [](Rows& rows) { return rows.find_setting("n"); }), std::nullopt);
    launch(*hanging, "later");
    EXPECT_EQ(sessions(*hanging), (std::vector<std::string>{"later", "through"}));
}

TEST_F(Replicas, hear_what_was_committed_while_they_were_cut_off) {
    const auto first = open_one("first"), second = open_one("second");
    Heard heard(*second);
    write(*first, [](Tx& tx) { tx.append(make_event("before")); });
    EXPECT_TRUE(eventually([&] { return heard.numbers().size() == 1; }));
    PostgresServer::shared()->run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'second'");
    write(*first, [](Tx& tx) { tx.append(make_event("meanwhile")); });
    write(*second, [](Tx& tx) { tx.append(make_event("own")); });
    write(*first, [](Tx& tx) { tx.append(make_event("after")); });
    EXPECT_TRUE(eventually([&] { return heard.numbers().size() >= 4; }));
    EXPECT_EQ(heard.subjects(), (std::vector<std::string>{"before", "meanwhile", "own", "after"}));
    EXPECT_EQ(heard.numbers(), (std::vector<std::int64_t>{1, 2, 3, 4}));
}

TEST_F(Replicas, in_other_schemas_hear_nothing_of_each_other) {
    Schema other_schema(*PostgresServer::shared());
    const auto first = open_one();
    const auto other = open({.database = other_schema.url()}, clock);
    Heard heard(*other);
    write(*first, [](Tx& tx) { tx.append(make_event("elsewhere")); });
    write(*other, [](Tx& tx) { tx.append(make_event("here")); });
    EXPECT_EQ(heard.subjects(), (std::vector<std::string>{"here"}));
}

TEST(ConnectionUri, has_our_limits_unless_it_says_otherwise) {
    const auto uri = connection_uri("postgres://ada:a%20b%22=@one,two:6000/berth?connect_timeout=9", {});
    for (const auto* part : {"connect_timeout=9", "password=a%20b%22%3D", "user=ada", "host=one%2Ctwo",
                             "target_session_attrs=read-write", "tcp_user_timeout=10000", "dbname=berth"})
        EXPECT_NE(uri.find(part), std::string::npos) << part << " in " << uri;
    EXPECT_EQ(uri.find_first_of(" \"'\\"), std::string::npos) << uri;
}

TEST(ConnectionUri, takes_the_password_from_a_file) {
    const Directory directory;
    std::ofstream(directory.file("password")) << "geheim/%\nrest";
    const ServerOptions options{.password_file = directory.file("password")};
    EXPECT_NE(connection_uri("postgres://ada@host/berth", options).find("password=geheim%2F%25"),
              std::string::npos);
    EXPECT_NE(connection_uri("postgres://ada:own@host/berth", options).find("password=own"),
              std::string::npos);
    const ServerOptions missing{.password_file = directory.file("none")};
    EXPECT_EQ(code_of([&] { connection_uri("postgres://ada@host/berth", missing); }), "password_unreadable");
}

TEST(ConnectionUri, that_cannot_be_read_is_refused_without_its_password) {
    SystemClock clock;
    for (const auto* url :
         {"postgres://ada:geheim/x@host:port/berth", "postgres://ada:geheim@host/berth?what=1"}) {
        try {
            open({.database = url}, clock);
            FAIL() << "opened " << url;
        } catch (const Error& error) {
            EXPECT_EQ(error.code, "unknown_database");
            EXPECT_EQ(std::string(error.what()).find("geheim"), std::string::npos) << error.what();
        }
    }
    EXPECT_EQ(code_of([&] { open({.database = "mysql://ada@host/berth"}, clock); }), "unknown_database");
}

TEST(ConnectionUri, that_leads_nowhere_says_why_at_the_start) {
    SystemClock clock;
    try {
        open({.database = "postgres://ada:geheim@/berth?host=/nowhere"}, clock);
        FAIL() << "opened";
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "database_unreachable");
        EXPECT_NE(error.user.find("/nowhere"), std::string::npos) << error.user;
        EXPECT_EQ(error.user.find("geheim"), std::string::npos) << error.user;
    }
}

}  // namespace
}  // namespace berth::store
