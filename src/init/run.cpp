#include "init/run.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "init/server.hpp"
#include "init/signals.hpp"
#include "init/spawn.hpp"
#include "init/text.hpp"

namespace berth::init {

namespace {

class Run {
  public:
    int start(char* const* arguments, const char* socket_path) {
        if (signals_.descriptor() < 0) {
            complain_about("signalfd", errno);
            return setup_failed;
        }
        if (const int error = server_.listen(socket_path)) {
            complain_about(socket_path, error);
            return setup_failed;
        }
        const auto program =
            spawn({.place = Place::foreground, .file = arguments[0], .arguments = arguments});
        if (program.error != 0) {
            complain_about(arguments[0], program.error);
            server_.stop(Clock::now());
            return failure_status(program.error);
        }
        program_ = program.pid;
        return loop();
    }

  private:
    int loop() {
        // The program may have ended before the first signal could be asked for.
        reap();
        while (!status_ || (!server_.quiet() && Clock::now() < stop_at_)) {
            poll_.clear(status_ ? stop_at_ : Time::max());
            const int signals = poll_.add(signals_.descriptor(), POLLIN);
            server_.watch(poll_);
            poll_.wait();
            if (poll_.events(signals) != 0) take_signals();
            server_.handle(poll_, Clock::now());
        }
        server_.kill_all();
        return *status_;
    }

    void take_signals() {
        while (const auto signal = signals_.next()) {
            switch (*signal) {
                case SIGCHLD:
                    reap();
                    break;
                // About our own writes and our own use of the terminal, not for the program.
                case SIGPIPE:
                case SIGTTIN:
                case SIGTTOU:
                    break;
                default:
                    if (!status_) ::kill(program_, *signal);
            }
        }
    }

    void reap() {
        int status = 0;
        for (;;) {
            const auto pid = ::waitpid(-1, &status, WNOHANG);
            if (pid <= 0) return;
            if (pid == program_) {
                program_ended(exit_status(status));
            } else {
                server_.child_ended(pid, exit_status(status));
            }
        }
    }

    void program_ended(int status) {
        const auto now = Clock::now();
        status_ = status;
        stop_at_ = now + stop_time;
        server_.stop(now);
    }

    Signals signals_;
    Server server_;
    PollSet poll_;
    pid_t program_ = 0;
    std::optional<int> status_;
    Time stop_at_{};
};

}  // namespace

int run(char* const* arguments, const char* socket_path) {
    fill_standard_descriptors();
    if (::getpid() != 1) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    // Programs of the same user must not trace it or take its descriptors (proc(5), ptrace(2)).
    ::prctl(PR_SET_DUMPABLE, 0);
    static Run process;
    return process.start(arguments, socket_path);
}

}  // namespace berth::init
