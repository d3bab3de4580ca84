#pragma once

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <vector>

#include "store/store.hpp"

/// Rows that the benchmarks make by the store.
namespace berth::bench {

inline constexpr Time made_at{std::chrono::milliseconds(1'800'000'000'000)};
inline const UserId owner{"usr_bench"};

inline std::exception_ptr first_failure;

inline void run_all(std::vector<Task<>> tasks) {
    asio::io_context loop(1);
    auto ended = [](std::exception_ptr failure) {
        if (failure && !first_failure) first_failure = failure;
    };
    for (auto& task : tasks) asio::co_spawn(loop, std::move(task), ended);
    loop.run();
    if (first_failure) std::rethrow_exception(first_failure);
}

template <class F>
Task<> write(store::Store& store, F work) {
    co_await store.write(std::move(work));
}

template <class F>
void write_now(store::Store& store, F work) {
    std::vector<Task<>> one;
    one.push_back(write(store, std::move(work)));
    run_all(std::move(one));
}

inline Session make_session(int number) {
    Session made{
        .id = {fmt::format("ses_{:012}", number)}, .user = owner, .name = fmt::format("work-{}", number)};
    made.host = fmt::format("work-{:06}", number);
    made.template_ = "terminal";
    made.engine = "container";
    made.asks.wake = made_at;
    made.asked_at = made_at;
    made.look_at = made_at;
    made.created_at = made_at;
    return made;
}

inline Event created(const Session& session) {
    return {.at = made_at,
            .actor = "bench",
            .kind = "session.created",
            .subject_kind = "session",
            .subject = session.id.text,
            .owner = owner,
            .data = {{"name", session.name}}};
}

/// A new database with an administrator whose sessions they are, and a template.
inline std::unique_ptr<store::Store> open_with_owner(const std::string& path, Clock& clock) {
    auto store = store::open({.database = path}, clock);
    auto fill = [](store::Tx& tx) {
        tx.insert_user({.id = owner, .name = "bench", .display_name = "Bench", .created_at = made_at});
        Template made{.name = "terminal", .revision = 1, .created_at = made_at, .updated_at = made_at};
        made.spec.display_name = "Terminal";
        made.spec.components = {{.name = "main", .image = "localhost/berth/terminal"}};
        tx.insert_revision(made);
    };
    write_now(*store, fill);
    return store;
}

}  // namespace berth::bench
