#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>

#include "crypto/random.hpp"
#include "store/postgres_fixture_test.hpp"
#include "store/store.hpp"

/// What tests of the store share: a directory of their own, a store of each kind, and rows.
namespace berth::store {

/// A private directory that ends with its owner.
class Directory {
  public:
    Directory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "berth-store-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
        path_ = pattern;
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    std::string file(const std::string& name = "berth.db") const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

/// Runs a task to its end on this thread.
template <class T>
T wait(Task<T> task) {
    asio::io_context loop;
    auto result = asio::co_spawn(loop, std::move(task), asio::use_future);
    loop.run();
    return result.get();
}

template <class F>
std::invoke_result_t<F, Tx&> write(Store& store, F work) {
    return wait(store.write(std::move(work)));
}

template <class F>
std::invoke_result_t<F, Rows&> read(Store& store, F work) {
    return wait(store.read(std::move(work)));
}

inline constexpr Time start_time{std::chrono::milliseconds(1'800'000'000'000)};

inline Time at(int seconds) {
    return start_time + std::chrono::seconds(seconds);
}

inline User make_user(const std::string& name) {
    return {.id = {"usr_" + name}, .name = name, .display_name = "The " + name, .created_at = start_time};
}

inline Caller caller_of(const User& user) {
    return {.user = user.id, .name = user.name, .role = user.role};
}

inline Template make_template(const std::string& name, int revision = 1) {
    Template made{.name = name, .revision = revision, .created_at = start_time, .updated_at = at(revision)};
    made.spec.display_name = "Template " + name;
    made.spec.category = "Tests";
    made.spec.components = {{.name = "main", .image = "localhost/" + name + ":" + std::to_string(revision)}};
    return made;
}

inline Session make_session(const User& user, const std::string& name) {
    Session made{.id = {"ses_" + user.name + "_" + name}, .user = user.id, .name = name};
    made.host = name + "-" + crypto::random_text(6);
    made.template_ = "terminal";
    made.engine = "container";
    made.asks.wake = start_time;
    made.asked_at = start_time;
    made.look_at = start_time;
    made.created_at = start_time;
    return made;
}

inline Workspace make_workspace(const User& user, const std::string& name) {
    return {.id = {"wsp_" + user.name + "_" + name},
            .user = user.id,
            .name = name,
            .template_ = "terminal",
            .created_at = start_time};
}

inline Event make_event(const std::string& subject, const UserId& owner = {}) {
    return {.at = start_time,
            .actor = "ada",
            .kind = "session.started",
            .subject_kind = "session",
            .subject = subject,
            .owner = owner,
            .data = {{"n", 1}}};
}

/// The code of the `Error` that `work` throws, or what it threw instead.
template <class F>
std::string code_of(F work) {
    try {
        work();
    } catch (const Error& error) {
        return error.code;
    } catch (const std::exception& error) {
        return std::string("not an Error: ") + error.what();
    }
    return "nothing was thrown";
}

/// Tests that hold for every store. `ada`, `bob` and the template `terminal` are there.
class EveryStore : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        if (on_server() && PostgresServer::shared() == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
        if (on_server()) schema = std::make_unique<Schema>(*PostgresServer::shared());
        reopen();
        write([&](Tx& tx) {
            tx.insert_user(ada);
            tx.insert_user(bob);
            tx.insert_revision(make_template("terminal"));
        });
    }

    bool in_file() const { return std::string_view(GetParam()) == "file"; }
    bool on_server() const { return std::string_view(GetParam()) == "postgres"; }
    void reopen() {
        store.reset();
        Options options;
        if (in_file()) options.database = directory.file();
        if (on_server()) options.database = schema->url();
        store = open(options, clock);
    }
    template <class F>
    std::invoke_result_t<F, Tx&> write(F work) {
        return store::write(*store, std::move(work));
    }
    template <class F>
    std::invoke_result_t<F, Rows&> read(F work) {
        return store::read(*store, std::move(work));
    }

    Directory directory;
    std::unique_ptr<Schema> schema;
    VirtualClock clock{start_time};
    const User ada = make_user("ada");
    const User bob = make_user("bob");
    const Caller as_ada = caller_of(ada);
    const Caller as_bob = caller_of(bob);
    const Caller system = Caller::system();
    std::unique_ptr<Store> store;
};

}  // namespace berth::store

#define BERTH_EVERY_STORE(Suite)                                \
    INSTANTIATE_TEST_SUITE_P(                                   \
        , Suite, testing::Values("file", "memory", "postgres"), \
        [](const testing::TestParamInfo<const char*>& kind) { return std::string(kind.param); })
