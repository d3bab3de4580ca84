#include "init/spawn.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "init/fd.hpp"
#include "init/limits.hpp"

namespace berth::init {

namespace {

rlimit given_descriptors{};

struct Failure {
    Step step = Step::none;
    int error = 0;
};

void take_place(Place place) {
    if (place != Place::foreground) {
        ::setsid();
        return;
    }
    ::setpgid(0, 0);
    // Needs SIGTTOU blocked, and may fail: there need be no terminal.
    ::tcsetpgrp(STDIN_FILENO, ::getpid());
}

Failure prepare(const Spawn& what) {
    for (int i = 0; i < 3; ++i) {
        const int from = what.standard[static_cast<std::size_t>(i)];
        if (from != i && ::dup2(from, i) < 0) return {Step::standard, errno};
    }
    if (given_descriptors.rlim_cur != 0) ::setrlimit(RLIMIT_NOFILE, &given_descriptors);
    if (what.place == Place::terminal && ::ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0) {
        return {Step::terminal, errno};
    }
    // The main program keeps what the engine gave it; for the others even that is not theirs.
    if (what.place != Place::foreground) ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (what.directory != nullptr && ::chdir(what.directory) != 0) return {Step::directory, errno};
    for (auto* const* pair = what.variables; pair != nullptr && *pair != nullptr; ++pair) {
        if (::putenv(*pair) != 0) return {Step::program, errno};
    }
    return {};
}

[[noreturn]] void become(const Spawn& what, int report) {
    take_place(what.place);
    auto failure = prepare(what);
    if (failure.error == 0) {
        for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::execvp(what.file, what.arguments);
        failure = {Step::program, errno};
    }
    [[maybe_unused]] const auto written = ::write(report, &failure, sizeof failure);
    ::_exit(failure_status(failure.error));
}

Failure await_report(int report) {
    pollfd wait{.fd = report, .events = POLLIN, .revents = 0};
    const auto until = Clock::now() + start_time;
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
        const int ready = ::poll(&wait, 1, left > 0 ? static_cast<int>(left) : 0);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return {};
        Failure failure;
        return ::read(report, &failure, sizeof failure) == sizeof failure ? failure : Failure{};
    }
}

}  // namespace

Spawned spawn(const Spawn& what) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return {.pid = 0, .error = errno, .step = Step::standard};
    const Fd report(ends[0]);
    Fd child_end(ends[1]);
    const auto pid = ::fork();
    if (pid < 0) return {.pid = 0, .error = errno, .step = Step::program};
    if (pid == 0) become(what, child_end.get());
    child_end.reset();
    const auto failure = await_report(report.get());
    if (failure.error == 0) return {.pid = pid, .error = 0, .step = Step::none};
    ::waitpid(pid, nullptr, 0);
    return {.pid = 0, .error = failure.error, .step = failure.step};
}

int failure_status(int error) {
    return error == ENOENT || error == ENOTDIR ? 127 : 126;
}

int exit_status(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

void claim_descriptors() {
    if (::getrlimit(RLIMIT_NOFILE, &given_descriptors) != 0) return;
    auto wanted = given_descriptors;
    if (wanted.rlim_cur >= descriptors_max) return;
    wanted.rlim_cur = std::min<rlim_t>(descriptors_max, wanted.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &wanted);
}

void fill_standard_descriptors() {
    for (;;) {
        int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0) fd = ::open("/", O_RDONLY | O_CLOEXEC);  // In an image without devices.
        if (fd < 0) return;
        if (fd > STDERR_FILENO) {
            ::close(fd);
            return;
        }
        ::fcntl(fd, F_SETFD, 0);
    }
}

}  // namespace berth::init
