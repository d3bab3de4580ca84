#include "init/run.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "init/client.hpp"
#include "init/server.hpp"
#include "init/signals.hpp"
#include "init/spawn.hpp"
#include "init/text.hpp"

namespace berth::init {

namespace {

class Run {
  public:
    /// Complains when a door cannot be made.
    bool open(const Doors& doors) {
        if (signals_.descriptor() < 0) {
            complain_about("signalfd", errno);
            return false;
        }
        if (doors.port != 0) {
            if (const auto refusal = server_.listen_tcp(doors.port, doors.key_path)) {
                complain({refusal.reason, ": ", error_text(refusal.error).view()});
                return false;
            }
        }
        const int error = server_.listen(doors.socket_path);
        if (error != 0 && doors.port == 0) complain_about(doors.socket_path, error);
        return error == 0 || doors.port != 0;
    }

    int run(char* const* arguments, Begin begin) {
        arguments_ = arguments;
        if (begin == Begin::when_delivered) server_.wait_for_delivery();
        return loop();
    }

    int serve() { return loop(); }

  private:
    void start_program() {
        const auto program =
            spawn({.place = Place::foreground, .file = arguments_[0], .arguments = arguments_});
        if (program.error != 0) {
            complain_about(arguments_[0], program.error);
            return end(failure_status(program.error));
        }
        program_ = program.pid;
    }

    int loop() {
        if (arguments_ != nullptr && !server_.waits()) start_program();
        // The program may have ended before the first signal could be asked for.
        reap();
        while (!status_ || (!server_.quiet() && Clock::now() < stop_at_)) {
            poll_.clear(status_ ? stop_at_ : Time::max());
            const int signals = poll_.add(signals_.descriptor(), POLLIN);
            server_.watch(poll_);
            poll_.wait();
            if (poll_.events(signals) != 0) take_signals();
            const bool waited = server_.waits();
            server_.handle(poll_, Clock::now());
            if (waited && !server_.waits() && !status_) start_program();
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
                case SIGTERM:
                case SIGINT:
                    // What waits for its start has not ended well.
                    if (program_ == 0 && !status_) end(arguments_ == nullptr ? 0 : 128 + *signal);
                    [[fallthrough]];
                default:
                    if (program_ != 0 && !status_) ::kill(program_, *signal);
            }
        }
    }

    void reap() {
        int status = 0;
        for (;;) {
            const auto pid = ::waitpid(-1, &status, WNOHANG);
            if (pid <= 0) return;
            if (pid == program_) {
                end(exit_status(status));
            } else {
                server_.child_ended(pid, exit_status(status));
            }
        }
    }

    void end(int status) {
        const auto now = Clock::now();
        status_ = status;
        stop_at_ = now + stop_time;
        server_.stop(now);
    }

    Signals signals_;
    Server server_;
    PollSet poll_;
    char* const* arguments_ = nullptr;  ///< Of the program; null: we serve without one.
    pid_t program_ = 0;                 ///< 0: it does not run yet, or there is none.
    std::optional<int> status_;
    Time stop_at_{};
};

void protect_ourselves() {
    if (::getpid() != 1) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    claim_descriptors();
    // Programs of the same user must not trace it or take its descriptors (proc(5), ptrace(2)).
    ::prctl(PR_SET_DUMPABLE, 0);
}

/// Leaves whoever started us: a session of our own, and nothing of theirs open or in use.
void go_to_background() {
    ::setsid();
    [[maybe_unused]] const int entered = ::chdir("/");
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(standard);
    fill_standard_descriptors();
}

}  // namespace

int run(char* const* arguments, const Doors& doors, Begin begin) {
    fill_standard_descriptors();
    protect_ourselves();
    static Run process;
    return process.open(doors) ? process.run(arguments, begin) : setup_failed;
}

int serve(const Doors& doors) {
    fill_standard_descriptors();
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    if (is_served(doors.port, doors.key_path)) return 0;
    static Run process;
    if (!process.open(doors)) return setup_failed;
    const auto pid = ::fork();
    if (pid < 0) complain_about("fork", errno);
    if (pid != 0) return pid > 0 ? 0 : setup_failed;
    protect_ourselves();
    go_to_background();
    return process.serve();
}

}  // namespace berth::init
