#pragma once

#include <sys/types.h>

namespace berth::init {

/// The process groups of one program: its own, and the one that is in the foreground of its terminal, which a
/// shell makes for each of its commands.
struct Groups {
    pid_t leader = 0;
    pid_t foreground = 0;  ///< 0: none, or the leader's.
};

/// The groups as they are now; `master` is the terminal's, or -1.
Groups groups_of(pid_t leader, int master);

/// Tells them to go: SIGHUP, and SIGCONT so that a stopped one hears it.
void hang_up(Groups groups);

/// SIGKILL.
void kill(Groups groups);

/// True while any process of them is left, also a dead one that nobody has collected.
bool exists(Groups groups);

}  // namespace berth::init
