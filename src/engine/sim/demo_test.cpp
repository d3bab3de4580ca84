#include "engine/sim/demo.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace berth::engine::demo {
namespace {

/// What somebody sees of a program, and how it ended.
struct Seen {
    std::string text;
    std::optional<int> status;
    bool operator==(const Seen&) const = default;
};

class Demo : public ::testing::Test {
  protected:
    template <class T>
    T run(Task<T> task) {
        auto done = asio::co_spawn(io_, std::move(task), asio::use_future);
        io_.restart();
        io_.run();
        return done.get();
    }
    /// Reads until the program has nothing more to say.
    Seen see(Process& process) {
        Seen seen;
        while (const auto event = run(process.read())) {
            if (event->kind == TerminalEvent::Kind::exited)
                seen.status = event->status;
            else
                seen.text += event->bytes;
        }
        return seen;
    }
    Seen type(const std::string& bytes) {
        const auto shell = terminal(io_.get_executor());
        run(shell->read());
        run(shell->write(bytes));
        run(shell->signal(15));
        return see(*shell);
    }

    asio::io_context io_;
};

TEST_F(Demo, a_program_says_what_would_have_run_and_ends_well) {
    const auto echo = program(io_.get_executor(), {"ls", "-l", "a b"});
    run(echo->write("input"));
    EXPECT_EQ(see(*echo), (Seen{"simulated: ls -l a b\n", 0}));
}

TEST_F(Demo, a_terminal_echoes_until_it_is_told_to_end) {
    EXPECT_EQ(type("ls\rexit\rmore"), (Seen{"ls\r\n$ exit\r\n", 0}));
    EXPECT_EQ(type("\x04more"), (Seen{"", 0}));
    EXPECT_EQ(type("a\x04"), (Seen{"a", 143})) << "Ctrl-D within a line ends nothing";
    const auto shell = terminal(io_.get_executor());
    run(shell->close_input());
    EXPECT_EQ(see(*shell), (Seen{"simulated session: what you type comes back, and exit ends it\r\n$ ", 0}));
}

}  // namespace
}  // namespace berth::engine::demo
