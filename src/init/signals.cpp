#include "init/signals.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace berth::init {

Signals::Signals() {
    sigset_t set;
    ::sigfillset(&set);
    for (const int fault : {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS})
        ::sigdelset(&set, fault);
    ::sigprocmask(SIG_SETMASK, &set, nullptr);
    descriptor_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

std::optional<int> Signals::next() const {
    signalfd_siginfo info;
    if (::read(descriptor_.get(), &info, sizeof info) != sizeof info) return {};
    return static_cast<int>(info.ssi_signo);
}

}  // namespace berth::init
