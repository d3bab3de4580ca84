#include "init/group.hpp"

#include <signal.h>
#include <unistd.h>

namespace berth::init {

namespace {

void signal(Groups groups, int number) {
    if (groups.foreground != 0) ::kill(-groups.foreground, number);
    ::kill(-groups.leader, number);
}

}  // namespace

Groups groups_of(pid_t leader, int master) {
    const auto foreground = master >= 0 ? ::tcgetpgrp(master) : 0;
    // A group of 1 would be everybody.
    return {.leader = leader, .foreground = foreground > 1 && foreground != leader ? foreground : 0};
}

void hang_up(Groups groups) {
    signal(groups, SIGHUP);
    signal(groups, SIGCONT);
}

void kill(Groups groups) {
    signal(groups, SIGKILL);
}

bool exists(Groups groups) {
    const bool foreground = groups.foreground != 0 && ::kill(-groups.foreground, 0) == 0;
    return foreground || ::kill(-groups.leader, 0) == 0;
}

}  // namespace berth::init
