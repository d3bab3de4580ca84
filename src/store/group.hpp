#pragma once

#include <functional>
#include <span>

#include "store/feed.hpp"
#include "store/rows.hpp"

namespace berth::store {

/// Many writes, one commit.
class Group {
  public:
    struct Job {
        std::function<void(Tx&)> work;
        std::function<void(std::exception_ptr)> done;
        std::exception_ptr failure{};
    };

    Group(Connection& connection, Clock& clock, Retention retention, Feed& feed)
        : connection_(connection), rows_(connection, clock, retention), feed_(feed) {}

    /// Runs each job in a savepoint of its own and commits them together; then publishes what they appended,
    /// and then calls each `done`. A job that throws fails alone; a disk or commit that fails, fails them
    /// all.
    void run(std::span<Job> jobs);
    Rows& rows() { return rows_; }

  private:
    void run_in_savepoint(Job& job);

    Connection& connection_;
    SqlRows rows_;
    Feed& feed_;
};

}  // namespace berth::store
