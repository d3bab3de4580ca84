#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>

#include "store/server_fixture_test.hpp"

namespace berth::store {
namespace {

using Names = std::vector<std::string>;

/// A server of its own for each test, since it is made to fail.
class ServerFaults : public testing::Test {
  protected:
    void SetUp() override {
        if (PostgresServer::shared() == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
        server = std::make_unique<PostgresServer>();
        ASSERT_TRUE(server->ready());
    }
    std::unique_ptr<Store> open_at(const std::string& url) {
        return open({.database = url, .server = impatient()}, clock);
    }
    static std::string try_launch(Store& store, const std::string& name) {
        return code_of([&] { launch(store, name); });
    }

    SystemClock clock;
    std::unique_ptr<PostgresServer> server;
};

TEST_F(ServerFaults, a_restart_loses_nothing_and_costs_refusals_only) {
    const auto store = open_at(server->url()), other = open_at(server->url());
    add_ada(*store);
    Heard heard(*store), by_other(*other);
    launch(*store, "before");
    server->tell("stop");
    for (int round = 0; round < 3; ++round) {
        const auto start = std::chrono::steady_clock::now();
        EXPECT_EQ(try_launch(*store, "refused"), "database_unreachable");
        EXPECT_EQ(code_of([&] { sessions(*store); }), "database_unreachable");
        EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
    }
    server->tell("start");
    EXPECT_TRUE(eventually([&] { return try_launch(*store, "after") == "nothing was thrown"; }));
    EXPECT_TRUE(eventually([&] { return code_of([&] { sessions(*store); }) == "nothing was thrown"; }));
    EXPECT_EQ(sessions(*store), (Names{"after", "before"}));
    launch(*store, "last");
    EXPECT_EQ(heard.subjects(), (Names{"before", "after", "last"}));
    EXPECT_TRUE(eventually([&] { return by_other.numbers().size() >= 3; }));
    EXPECT_EQ(by_other.numbers(), (std::vector<std::int64_t>{1, 2, 3}));
}

TEST_F(ServerFaults, a_restart_while_nobody_asks_is_not_noticed) {
    const auto store = open_at(server->url());
    add_ada(*store);
    server->tell("stop");
    server->tell("start");
    launch(*store, "after");
    EXPECT_EQ(sessions(*store), (Names{"after"}));
}

TEST_F(ServerFaults, a_connection_that_is_cut_in_a_write_leaves_nothing) {
    const auto store = open_at(server->url());
    add_ada(*store);
    Heard heard(*store);
    const auto work = [&](Tx& tx) {
        tx.insert_session(make_session(make_user("ada"), "lost"));
        tx.append(make_event("lost"));
        server->run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'");
        try {
            tx.set_setting("n", "lost");
        } catch (const Error&) {
            // A closure that does not mind: the rows are gone nevertheless.
        }
    };
    EXPECT_EQ(code_of([&] { write(*store, work); }), "database_unreachable");
    EXPECT_EQ(sessions(*store), Names{});
    launch(*store, "next");
    EXPECT_EQ(sessions(*store), (Names{"next"}));
    EXPECT_EQ(heard.subjects(), (Names{"next"}));
}

TEST_F(ServerFaults, a_connection_that_is_cut_in_a_read_fails_that_read_only) {
    const auto store = open_at(server->url());
    add_ada(*store);
    const auto work = [&](Rows& rows) {
        rows.count_admins();
        server->run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'");
        return rows.count_admins();
    };
    EXPECT_EQ(code_of([&] { read(*store, work); }), "database_unreachable");
    EXPECT_EQ(sessions(*store), Names{});
}

TEST_F(ServerFaults, a_commit_whose_answer_is_lost_is_told_as_it_is) {
    Proxy proxy(server->directory());
    const auto url = "postgres://postgres@/postgres?host=" + proxy.directory();
    const auto store = open_at(url), other = open_at(server->url());
    add_ada(*store);
    Heard heard(*store), by_other(*other);
    proxy.arm(Proxy::cut_after);
    EXPECT_EQ(try_launch(*store, "there"), "nothing was thrown");
    EXPECT_TRUE(proxy.fired());
    EXPECT_EQ(heard.subjects(), (Names{"there"})) << "published before its caller goes on";
    proxy.arm(Proxy::cut_before);
    EXPECT_EQ(try_launch(*store, "not there"), "database_unreachable");
    EXPECT_TRUE(proxy.fired());
    EXPECT_EQ(sessions(*store), (Names{"there"}));
    proxy.arm(Proxy::cut_silently);
    EXPECT_EQ(try_launch(*store, "nor this"), "database_unreachable")
        << "known once the server has ended that transaction";
    EXPECT_TRUE(proxy.fired());
    launch(*store, "last");
    EXPECT_EQ(sessions(*other), (Names{"last", "there"}));
    EXPECT_TRUE(eventually([&] { return by_other.numbers().size() >= 2; }));
    EXPECT_EQ(by_other.subjects(), (Names{"there", "last"}));
    EXPECT_EQ(by_other.numbers(), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(ServerFaults, a_commit_that_nobody_can_tell_of_is_told_as_unknown) {
    Proxy proxy(server->directory());
    auto options = impatient();
    options.outcome_limit = std::chrono::seconds(1);
    const auto store = open(
        {.database = "postgres://postgres@/postgres?host=" + proxy.directory(), .server = options}, clock);
    add_ada(*store);
    proxy.split_when_it_cuts();
    proxy.arm(Proxy::cut_after);
    EXPECT_EQ(code_of([&] { write(*store, [](Tx& tx) { tx.set_setting("n", "perhaps"); }); }),
              "outcome_unknown");
    proxy.accept_again();
    EXPECT_TRUE(eventually([&] { return try_launch(*store, "next") == "nothing was thrown"; }));
    EXPECT_EQ(read(*store, [](Rows& rows) { return rows.find_setting("n"); }), "perhaps");
}

TEST_F(ServerFaults, a_server_that_takes_no_changes_is_said_to_be_so) {
    const auto store = open_at(server->url());
    add_ada(*store);
    launch(*store, "before");
    server->run("ALTER SYSTEM SET default_transaction_read_only = on");
    server->run("SELECT pg_reload_conf()");
    // The server's processes hear of it a moment later.
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    EXPECT_EQ(try_launch(*store, "refused"), "database_read_only");
    EXPECT_EQ(try_launch(*store, "refused"), "database_unreachable") << "nobody else takes changes";
    EXPECT_EQ(sessions(*store), (Names{"before"})) << "reads go on";
    // ALTER SYSTEM is no change of a table.
    Connection(server->url("&target_session_attrs=any"))
        .script("ALTER SYSTEM RESET default_transaction_read_only");
    Connection(server->url("&target_session_attrs=any")).script("SELECT pg_reload_conf()");
    EXPECT_TRUE(eventually([&] { return try_launch(*store, "after") == "nothing was thrown"; }));
    EXPECT_EQ(sessions(*store), (Names{"after", "before"}));
}

TEST_F(ServerFaults, a_failover_to_a_standby_goes_on_there) {
    PostgresServer standby({"--standby-of", server->directory()});
    ASSERT_TRUE(standby.ready());
    const auto url = "postgres://postgres@/postgres?host=" + server->directory() + "," + standby.directory();
    const auto store = open_at(url), other = open_at(url);
    add_ada(*store);
    Heard heard(*store), by_other(*other);
    launch(*store, "before");
    const auto copied = [&] {
        Connection db(standby.url("&target_session_attrs=any"));
        return db.value<std::int64_t>("SELECT COUNT(*) FROM pg_class WHERE relname = 'session'") == 1 &&
               db.value<std::int64_t>("SELECT COUNT(*) FROM session") == 1;
    };
    ASSERT_TRUE(eventually(copied));
    server->tell("stop");
    EXPECT_EQ(try_launch(*store, "refused"), "database_unreachable");
    EXPECT_EQ(try_launch(*store, "refused"), "database_unreachable") << "a standby takes no changes";
    standby.tell("promote");
    EXPECT_TRUE(eventually([&] { return try_launch(*store, "after") == "nothing was thrown"; }));
    EXPECT_TRUE(eventually([&] { return try_launch(*other, "of the other") == "nothing was thrown"; }));
    EXPECT_TRUE(eventually([&] { return code_of([&] { sessions(*store); }) == "nothing was thrown"; }));
    EXPECT_EQ(sessions(*store), (Names{"after", "before", "of the other"}));
    const Names all{"before", "after", "of the other"};
    EXPECT_TRUE(eventually([&] { return heard.subjects() == all; }));
    EXPECT_TRUE(eventually([&] { return by_other.subjects() == all; }));
}

TEST_F(ServerFaults, a_full_disk_refuses_writes_and_recovers) {
    const Directory place;
    const auto disk = place.file("disk");
    std::filesystem::permissions(place.file(""), std::filesystem::perms(0755));
    std::filesystem::create_directory(disk);
    if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=3m") != 0)
        GTEST_SKIP() << "mounting a small disk needs root";
    const auto filler = place.file("disk/filler");
    struct ::stat owner{};
    ASSERT_EQ(::stat((server->directory() + "/data").c_str(), &owner), 0);
    std::filesystem::create_directory(place.file("disk/space"));
    ASSERT_EQ(::chown(place.file("disk/space").c_str(), owner.st_uid, owner.st_gid), 0);
    {
        const auto store = open_at(server->url());
        add_ada(*store);
        server->run("CREATE TABLESPACE small LOCATION '" + place.file("disk/space") + "'");
        server->run("ALTER TABLE session SET TABLESPACE small");
        std::ofstream(filler) << std::string(1'500'000, 'x');
        Heard heard(*store);
        Names acknowledged;
        int refused = 0;
        const auto add = [&](int number) {
            // Random, or it would be compressed.
            auto session = make_session(make_user("ada"), fmt::format("s{:05}", number));
            session.status.message = crypto::random_text(3000);
            write(*store, [&](Tx& tx) {
                tx.insert_session(session);
                tx.append(make_event(session.name));
            });
            acknowledged.push_back(session.name);
        };
        for (int number = 0; number < 3000 && refused < 3; ++number) {
            const auto code = code_of([&] { add(number); });
            if (code == "nothing was thrown") continue;
            ASSERT_EQ(code, "storage_failed");
            ++refused;
            EXPECT_EQ(sessions(*store), acknowledged) << "reads go on";
        }
        EXPECT_EQ(refused, 3) << "the disk never was full";
        std::filesystem::remove(filler);
        add(10'000);
        EXPECT_EQ(sessions(*store), acknowledged);
        EXPECT_EQ(heard.subjects(), acknowledged) << "what was refused is not published";
        EXPECT_EQ(heard.numbers().back(), static_cast<std::int64_t>(acknowledged.size()));
    }
    server.reset();
    EXPECT_EQ(::umount(disk.c_str()), 0);
}

}  // namespace
}  // namespace berth::store
