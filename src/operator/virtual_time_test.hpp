#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>

#include "base/clock.hpp"

namespace berth::control {

/// Tests in which nothing takes real time.
class VirtualTime : public testing::Test {
  protected:
    /// Until nothing goes on without time.
    void settle() {
        for (int turn = 0; turn < 50; ++turn) {
            io.restart();
            io.poll();
        }
    }
    /// Lets time pass in the steps in which somebody waits for it.
    void pass(Duration length) {
        settle();
        for (const auto until = clock.now() + length; clock.now() < until; settle())
            clock.advance(std::min(clock.next().value_or(until), until));
    }

    asio::io_context io;
    VirtualClock clock{Time(std::chrono::hours(24 * 365 * 50))};
};

}  // namespace berth::control
