#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/asio/thread_pool.hpp>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "store/migrations.hpp"
#include "store/store_fixture_test.hpp"

namespace berth::store {
namespace {

class Files : public testing::Test {
  protected:
    std::unique_ptr<Store> open_here() { return open({.database = directory.file()}, clock); }

    Directory directory;
    SystemClock clock;
};

std::set<std::string> session_names(Store& store, const UserId& user) {
    std::set<std::string> names;
    for (const auto& session : read(store, [&](Rows& rows) { return rows.sessions_of(user); }))
        names.insert(session.name);
    return names;
}

void add_people(Store& store) {
    write(store, [](Tx& tx) {
        tx.insert_user(make_user("ada"));
        tx.insert_revision(make_template("terminal"));
    });
}

/// What another program sees of the users, opening and closing the database as `sqlite3` does.
std::string seen_from_outside(std::string path) {
    std::string script =
        "import sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1])\n"
        "names = [row[0] for row in c.execute('select name from user order by name')]\n"
        "c.close()\n"
        "open(sys.argv[1] + '.answer', 'w').write(' '.join(names))";
    std::string program = "python3", option = "-c";
    char* const arguments[] = {program.data(), option.data(), script.data(), path.data(), nullptr};
    pid_t child = -1;
    EXPECT_EQ(::posix_spawnp(&child, "python3", nullptr, nullptr, arguments, environ), 0);
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    std::string names;
    std::ifstream answer(path + ".answer");
    std::getline(answer, names);
    return names;
}

TEST_F(Files, another_program_that_reads_beside_it_takes_nothing_away) {
    const auto store = open_here();
    add_people(*store);
    EXPECT_EQ(seen_from_outside(directory.file()), "ada");
    EXPECT_TRUE(std::filesystem::exists(directory.file() + "-wal"))
        << "it took itself for the last to use it";
    write(*store, [](Tx& tx) { tx.insert_user(make_user("bob")); });
    EXPECT_EQ(seen_from_outside(directory.file()), "ada bob");
}

TEST_F(Files, a_row_that_does_not_read_back_costs_nobody_else_their_view) {
    const auto store = open_here();
    auto broken = make_template("broken");
    broken.spec.components.at(0).resources.memory.count = std::numeric_limits<std::int64_t>::max();
    write(*store, [&](Tx& tx) {
        tx.insert_user(make_user("ada"));
        tx.insert_revision(make_template("terminal"));
        tx.insert_revision(broken);
    });
    const auto list = [&] {
        read(*store, [](Rows& rows) { return rows.list_templates(Caller::system(), {}); });
    };
    for (int i = 0; i < 20; ++i) EXPECT_THROW(list(), Error);
    write(*store, [](Tx& tx) { tx.insert_user(make_user("bob")); });
    for (int i = 0; i < 20; ++i)
        EXPECT_TRUE(read(*store, [](Rows& rows) { return rows.find_user_by_name("bob"); }));
}

TEST_F(Files, outlive_their_store) {
    const auto session = make_session(make_user("ada"), "shell");
    {
        const auto store = open_here();
        add_people(*store);
        write(*store, [&](Tx& tx) {
            tx.insert_session(session);
            tx.append(make_event("x"));
        });
    }
    const auto store = open_here();
    EXPECT_EQ(read(*store, [&](Rows& rows) { return rows.get_session(Caller::system(), session.id); }),
              session);
    std::vector<Event> heard;
    const auto subscription = store->subscribe([&](const std::vector<Event>& events) { heard = events; });
    write(*store, [](Tx& tx) { tx.append(make_event("y")); });
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_EQ(heard[0].sequence, 2) << "numbers go on after a restart";
}

TEST_F(Files, are_for_their_owner_only) {
    const auto store = open_here();
    add_people(*store);
    for (const auto* suffix : {"", "-wal", "-shm", ".lock"}) {
        const auto mode = std::filesystem::status(directory.file() + suffix).permissions();
        EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write) << suffix;
    }
}

TEST_F(Files, are_open_once_and_say_who_has_them) {
    const auto store = open_here();
    try {
        open_here();
        FAIL() << "opened twice";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind, Kind::conflict);
        EXPECT_EQ(error.code, "data_directory_in_use");
        EXPECT_NE(error.user.find(std::to_string(::getpid())), std::string::npos) << error.user;
    }
    const auto child = ::fork();
    if (child == 0) ::_exit(code_of([&] { open_here(); }) == "data_directory_in_use" ? 0 : 1);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << "another process got in";
}

TEST_F(Files, need_a_directory_that_is_there) {
    EXPECT_EQ(code_of([&] { open({.database = directory.file("none/berth.db")}, clock); }), "storage_failed");
}

TEST_F(Files, that_hold_something_else_are_refused) {
    std::ofstream(directory.file()) << std::string(5000, 'x');
    EXPECT_EQ(code_of([&] { open_here(); }), "storage_failed");
}

TEST_F(Files, refuse_a_migration_that_was_changed_or_is_newer) {
    open_here();
    Connection db(directory.file());
    const auto past = db.value<std::string>("SELECT checksum FROM migration WHERE number = 1");
    ASSERT_TRUE(past);
    db.run("UPDATE migration SET checksum = 'x' WHERE number = 1");
    EXPECT_EQ(code_of([&] { open_here(); }), "migration_changed");
    db.run("UPDATE migration SET checksum = :sum WHERE number = 1", *past);
    EXPECT_EQ(code_of([&] { open_here(); }), "nothing was thrown");
    db.run("INSERT INTO migration (number, name, checksum, applied_at) VALUES (99, 'future', 'y', 0)");
    try {
        open_here();
        FAIL() << "opened a newer database";
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "database_newer");
        EXPECT_NE(error.user.find("knows up to " + std::to_string(migrations().size())), std::string::npos)
            << error.user;
    }
}

TEST(Migrations, run_once_each_and_all_or_nothing) {
    Connection db("");
    const std::vector<Migration> first = {
        {1, "one", "CREATE TABLE a (n BIGINT);\nINSERT INTO a VALUES (1);"}};
    auto both = first;
    both.push_back({2, "two", "INSERT INTO a VALUES (2);\nCREATE TABLE b (n BIGINT);"});
    auto broken = both;
    broken.push_back({3, "three", "INSERT INTO a VALUES (3);\nINSERT INTO nowhere VALUES (1);"});
    migrate(db, first, start_time);
    migrate(db, both, start_time);
    migrate(db, both, start_time);
    EXPECT_EQ(code_of([&] { migrate(db, broken, start_time); }), "store_failed");
    EXPECT_EQ(db.value<std::int64_t>("SELECT SUM(n) FROM a"), 3);
    EXPECT_EQ(db.value<std::int64_t>("SELECT COUNT(*) FROM migration"), 2);
    EXPECT_EQ(code_of([&] { migrate(db, first, start_time); }), "database_newer");
}

TEST(Migrations, give_the_loop_an_index_of_what_is_unsettled) {
    Connection db("");
    migrate(db, migrations(), start_time);
    std::string plan;
    db.query(
        "EXPLAIN QUERY PLAN SELECT id, look_at FROM session WHERE look_at IS NOT NULL ORDER BY look_at, id",
        {}, {CellKind::number, CellKind::number, CellKind::number, CellKind::text},
        [&](const Statement& row) { plan += row.result(3).text + "\n"; });
    EXPECT_NE(plan.find("USING COVERING INDEX session_look_at"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << plan;
}

/// Writes sessions from four callers until it is killed; each acknowledged name goes into the pipe as one
/// line.
[[noreturn]] void write_until_killed(const std::string& path, int pipe, int round) {
    SystemClock clock;
    const auto store = open({.database = path}, clock);
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 4; ++writer)
        writers.emplace_back([&, writer] {
            for (int number = 0;; ++number) {
                const auto name = fmt::format("s{}-{}-{}", round, writer, number);
                write(*store, [&](Tx& tx) {
                    tx.insert_session(make_session(make_user("ada"), name));
                    tx.append(make_event(name));
                });
                const auto line = name + "\n";
                if (::write(pipe, line.data(), line.size()) < 0) ::_exit(1);
            }
        });
    for (auto& writer : writers) writer.join();
    ::_exit(1);
}

/// The lines that a child wrote until it was killed after `count` of them.
std::set<std::string> kill_after(pid_t child, int pipe, int count) {
    std::set<std::string> lines;
    FILE* stream = ::fdopen(pipe, "r");
    char line[128];
    while (::fgets(line, sizeof(line), stream) != nullptr) {
        const std::string text(line);
        if (text.ends_with('\n')) lines.insert(text.substr(0, text.size() - 1));
        if (--count == 0) ::kill(child, SIGKILL);
    }
    ::fclose(stream);
    ::waitpid(child, nullptr, 0);
    return lines;
}

TEST_F(Files, lose_nothing_that_was_acknowledged_before_a_kill) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    add_people(*open_here());
    std::set<std::string> acknowledged;
    for (int round = 0; round < 5; ++round) {
        int pipe[2];
        ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
        const auto child = ::fork();
        if (child == 0) write_until_killed(directory.file(), pipe[1], round);
        ::close(pipe[1]);
        acknowledged.merge(kill_after(child, pipe[0], 1 + static_cast<int>(random() % 200)));
        const auto store = open_here();
        const auto there = session_names(*store, {"usr_ada"});
        for (const auto& name : acknowledged) EXPECT_TRUE(there.contains(name)) << name << " is lost";
        const auto events =
            read(*store, [](Rows& rows) { return rows.events_after(Caller::system(), 0, 1'000'000); });
        ASSERT_EQ(events.size(), there.size()) << "a row without its event, or the other way round";
        for (std::size_t place = 0; place < events.size(); ++place) {
            ASSERT_EQ(events[place].sequence, static_cast<std::int64_t>(place) + 1);
            EXPECT_TRUE(there.contains(events[place].subject));
        }
    }
    EXPECT_GE(acknowledged.size(), 5U);
}

/// Writes until the disk is full, makes room, and writes again: nothing acknowledged is lost, nothing refused
/// is there.
void fill_and_recover(const std::string& path, const std::function<void()>& make_room) {
    SystemClock clock;
    auto store = open({.database = path}, clock);
    std::set<std::string> acknowledged;
    int refused = 0;
    std::vector<Event> heard;
    const auto subscription = store->subscribe(
        [&](const std::vector<Event>& events) { heard.insert(heard.end(), events.begin(), events.end()); });
    const auto add = [&](int number) {
        auto session = make_session(make_user("ada"), "s" + std::to_string(number));
        session.status.message = std::string(3000, 'x');
        write(*store, [&](Tx& tx) {
            tx.insert_session(session);
            tx.append(make_event(session.name));
        });
        acknowledged.insert(session.name);
    };
    for (int number = 0; number < 5000 && refused < 3; ++number) {
        const auto code = code_of([&] { add(number); });
        if (code == "nothing was thrown") continue;
        ASSERT_EQ(code, "storage_failed");
        ++refused;
        EXPECT_EQ(session_names(*store, {"usr_ada"}), acknowledged) << "reads go on";
    }
    ASSERT_EQ(refused, 3) << "the disk never was full";
    make_room();
    add(10'000);
    EXPECT_EQ(heard.size(), acknowledged.size()) << "what was refused is not published";
    EXPECT_EQ(heard.back().sequence, static_cast<std::int64_t>(acknowledged.size()));
    store.reset();
    store = open({.database = path}, clock);
    EXPECT_EQ(session_names(*store, {"usr_ada"}), acknowledged);
}

TEST_F(Files, that_may_not_grow_refuse_writes_and_recover) {
    add_people(*open_here());
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto ignored = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{.rlim_cur = 600'000, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    fill_and_recover(directory.file(), [&] { ::setrlimit(RLIMIT_FSIZE, &before); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, ignored);
}

TEST_F(Files, on_a_full_disk_refuse_writes_and_recover) {
    const auto disk = directory.file("disk");
    std::filesystem::create_directory(disk);
    if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=2m") != 0)
        GTEST_SKIP()
            << "mounting a small disk needs root; the same is tried with a limit on the size of files";
    const auto filler = disk + "/filler";
    std::ofstream(filler) << std::string(1'000'000, 'x');
    {
        add_people(*open({.database = disk + "/berth.db"}, clock));
        fill_and_recover(disk + "/berth.db", [&] { std::filesystem::remove(filler); });
    }
    EXPECT_EQ(::umount(disk.c_str()), 0);
}

}  // namespace
}  // namespace berth::store
