#include "store/copy.hpp"

#include <set>

#include "store/migrations.hpp"
#include "store/server_fixture_test.hpp"

namespace berth::store {
namespace {

/// Everything that a database can hold, at least once.
void fill(Store& store) {
    write(store, [](Tx& tx) {
        auto ada = make_user("ada");
        ada.email = "ada@example.org";
        ada.last_login_at = at(3);
        tx.insert_user(ada);
        tx.insert_user(make_user("Jürgen-Straße"));
        tx.set_password(ada.id, "$argon2id$x");
        tx.insert_login({{"log_1"}, ada.id, "h1", "Browser/1", at(0), at(100)});
        tx.insert_token(
            {.id = {"tok_1"}, .user = ada.id, .name = "ci", .secret_hash = "h2", .scope = "read"});
        tx.insert_ticket({.secret_hash = "h3", .user = ada.id, .expires_at = at(9)});
        tx.insert_revision(make_template("terminal"));
        tx.insert_revision(make_template("terminal", 2));
        tx.insert_revision(make_template("gone"));
        tx.delete_template("gone", at(4));
        const auto workspace = make_workspace(ada, "files");
        tx.insert_workspace(workspace);
        for (int number = 0; number < 2500; ++number) {
            auto session = make_session(ada, "s" + std::to_string(number));
            if (number % 2 == 0) session.workspace = workspace.id;
            session.status.message = "Grüße \"'\\ \n\t";
            tx.insert_session(session);
            tx.append(make_event(session.name, ada.id));
        }
        tx.insert_volume({.handle = "vol-1", .name = "home", .owner = workspace.id.text, .user = ada.id});
        tx.remember(ada.id, "/sessions", "k", {"h", 201, "{}"}, at(60));
        tx.set_setting("instance.id", "25a2cfac");
        tx.take_leadership("a", std::chrono::milliseconds(1));
        tx.put_watermark({.holder = "run_1", .reported_at = at(60)});
        tx.put_tier({.name = "free"});
        tx.insert_group({.id = {"grp_1"}, .name = "physics"});
        tx.add_member({"grp_1"}, ada.id);
        tx.insert_sealing_key({.id = {"key_1"}, .sealed = "a"});
        tx.put_secret({.user = ada.id, .name = "TOKEN", .key = {"key_1"}, .sealed = "b"});
        tx.insert_user_file({.id = {"ufl_1"}, .user = ada.id, .path = "notes", .complete = true});
        tx.put_user_file_part({.file = {"ufl_1"}, .number = 0, .key = {"key_1"}, .sealed = "c"});
        tx.put_consent({.user = ada.id, .template_ = "terminal", .secret = "TOKEN"});
        tx.put_mirrored({.noun = Noun::template_, .row = "terminal", .uid = "u-1"});
    });
}

class Copies : public testing::Test {
  protected:
    void SetUp() override {
        if (PostgresServer::shared() == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
        schema = std::make_unique<Schema>(*PostgresServer::shared());
    }
    Copy run(const std::string& from, const std::string& to) { return copy(from, to, impatient(), clock); }

    /// What both say about the same questions.
    void expect_same(const std::string& left, const std::string& right) {
        const auto one = open({.database = left}, clock), other = open({.database = right}, clock);
        const auto compare = [&](auto question) { EXPECT_EQ(read(*one, question), read(*other, question)); };
        compare([](Rows& rows) { return rows.sessions_of({"usr_ada"}); });
        compare([](Rows& rows) { return rows.events_after(Caller::system(), 0, 5000); });
        compare([](Rows& rows) { return rows.list_users({.sort = "name"}).items; });
        compare([](Rows& rows) { return rows.list_revisions(Caller::system(), "terminal"); });
        compare([](Rows& rows) { return rows.find_password({"usr_ada"}); });
        compare([](Rows& rows) { return rows.find_setting("instance.id"); });
        compare([](Rows& rows) { return rows.list_workspaces(Caller::system(), {}).items; });
        // They go on counting where the source stopped.
        for (auto* store : {one.get(), other.get()})
            write(*store, [](Tx& tx) { tx.append(make_event("next")); });
        compare([](Rows& rows) { return rows.last_sequence(); });
        EXPECT_EQ(write(*other, [](Tx& tx) { return tx.take_leadership("b", Duration(1000))->epoch; }), 2);
    }

    Directory directory;
    SystemClock clock;
    std::unique_ptr<Schema> schema;
};

TEST_F(Copies, have_every_row_and_lead_back_again) {
    const auto file = "sqlite:" + directory.file();
    fill(*open({.database = file}, clock));
    const auto done = run(file, schema->url());
    std::map<std::string, std::int64_t> rows;
    for (const auto& table : done.tables) rows[table.table] = table.rows;
    EXPECT_EQ(rows, (std::map<std::string, std::int64_t>{
                        {"user", 2},           {"login", 1},       {"token", 1},
                        {"ticket", 1},         {"template", 2},    {"template_revision", 3},
                        {"workspace", 1},      {"session", 2500},  {"volume", 1},
                        {"event", 2500},       {"idempotency", 1}, {"setting", 1},
                        {"leader", 1},         {"mirror", 1},      {"watermark", 1},
                        {"tier", 1},           {"user_group", 1},  {"membership", 1},
                        {"sealing_key", 1},    {"secret", 1},      {"user_file", 1},
                        {"user_file_part", 1}, {"consent", 1}}));
    EXPECT_EQ(done.mended, 0);
    const auto back = directory.file("back.db");
    EXPECT_EQ(run(schema->url(), back).tables.size(), done.tables.size());
    expect_same(back, schema->url());
}

TEST_F(Copies, leave_out_no_table) {
    const auto store = open({.database = schema->url()}, clock);
    std::set<std::string> there, copied{"migration", "writer"};
    Connection db(schema->url());
    db.query(db.dialect().tables_query(), {}, {CellKind::text},
             [&](const Statement& found) { there.insert(found.result(0).text); });
    store->close();
    for (const auto& table : run(schema->url(), directory.file()).tables) copied.insert(table.table);
    EXPECT_EQ(there, copied);
}

TEST_F(Copies, go_only_into_an_empty_database) {
    open({.database = directory.file()}, clock);
    add_ada(*open({.database = schema->url()}, clock));
    EXPECT_EQ(code_of([&] { run(directory.file(), schema->url()); }), "database_not_empty");
}

TEST_F(Copies, want_both_for_themselves) {
    const auto file = open({.database = directory.file()}, clock);
    EXPECT_EQ(code_of([&] { run(directory.file(), schema->url()); }), "data_directory_in_use");
    file->close();
    const auto other = directory.file("other.db");
    open({.database = other}, clock);
    const auto server = open({.database = schema->url()}, clock);
    EXPECT_EQ(code_of([&] { run(other, schema->url()); }), "database_in_use");
    EXPECT_EQ(code_of([&] { run(schema->url(), directory.file("new.db")); }), "database_in_use");
}

TEST_F(Copies, keep_a_berth_away_while_they_run) {
    Connection copying(schema->url());
    ASSERT_TRUE(copying.dialect().claim(Dialect::Share::alone));
    EXPECT_EQ(code_of([&] { open({.database = schema->url()}, clock); }), "database_in_use");
}

TEST_F(Copies, want_a_source_that_is_there_and_of_this_version) {
    EXPECT_EQ(code_of([&] { run(directory.file("none.db"), schema->url()); }), "not_found");
    EXPECT_FALSE(std::filesystem::exists(directory.file("none.db")));
    open({.database = directory.file()}, clock);
    Connection(directory.file())
        .run("DELETE FROM migration WHERE number = " + std::to_string(migrations().back().number));
    EXPECT_EQ(code_of([&] { run(directory.file(), schema->url()); }), "database_older");
}

TEST_F(Copies, that_fail_leave_nothing) {
    fill(*open({.database = directory.file()}, clock));
    // A row that the other database refuses: nobody is what it refers to.
    {
        Connection db(directory.file());
        db.script("PRAGMA foreign_keys=OFF;");
        db.run("UPDATE session SET user_id = 'usr_nobody' WHERE id = 'ses_ada_s7'");
    }
    EXPECT_EQ(code_of([&] { run(directory.file(), schema->url()); }), "reference_missing");
    EXPECT_EQ(Connection(schema->url()).value<std::int64_t>("SELECT COUNT(*) FROM \"user\""), 0);
}

TEST_F(Copies, that_come_back_otherwise_are_not_kept) {
    fill(*open({.database = directory.file()}, clock));
    open({.database = schema->url()}, clock);
    Connection db(schema->url());
    db.script(
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.text := NEW.text || '!'; RETURN NEW; END $$; "
        "CREATE TRIGGER spoil BEFORE INSERT ON setting FOR EACH ROW EXECUTE FUNCTION spoil();");
    EXPECT_EQ(code_of([&] { run(directory.file(), schema->url()); }), "copy_differs");
    EXPECT_EQ(db.value<std::int64_t>("SELECT COUNT(*) FROM session"), 0);
}

TEST_F(Copies, mend_texts_that_only_sqlite_keeps) {
    fill(*open({.database = directory.file()}, clock));
    Connection(directory.file()).run("UPDATE login SET user_agent = CAST(x'41FF42' AS TEXT)");
    EXPECT_EQ(run(directory.file(), schema->url()).mended, 1);
    EXPECT_EQ(Connection(schema->url()).value<std::string>("SELECT user_agent FROM login"), "A\uFFFDB");
}

}  // namespace
}  // namespace berth::store
