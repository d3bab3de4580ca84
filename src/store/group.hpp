#pragma once

#include <functional>
#include <span>

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

    using Publish = std::function<void(const std::vector<Event>&)>;

    Group(Connection& connection, Clock& clock, Retention retention, Publish publish)
        : connection_(connection), rows_(connection, clock, retention), publish_(std::move(publish)) {}

    /// Runs each job in a savepoint of its own and commits them together; then publishes what they appended,
    /// and then calls each `done`. A job that throws fails alone; a disk or commit that fails, fails them
    /// all.
    void run(std::span<Job> jobs);
    Rows& rows() { return rows_; }

  private:
    void run_in_savepoint(Job& job);

    Connection& connection_;
    SqlRows rows_;
    Publish publish_;
};

}  // namespace berth::store
