#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>

#include "init/client.hpp"
#include "init/text.hpp"

namespace berth::init {

namespace {

/// Copies this program into a new file; gives an errno, 0 for done.
int copy_to(const char* path) {
    const Fd from(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    if (!from) return errno;
    const Fd to(::open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0700));
    if (!to) return errno;
    for (;;) {
        const auto moved = ::sendfile(to.get(), from.get(), nullptr, 1 << 20);
        if (moved == 0) break;
        if (moved < 0 && errno != EINTR) return errno;
    }
    return ::fchmod(to.get(), 0755) == 0 ? 0 : errno;
}

}  // namespace

int copy(const char* destination) {
    Text<PATH_MAX> beside;
    beside.add(destination).add(".new").add(std::string_view("\0", 1));
    const char* path = beside.view().data();
    if (beside.view().size() == PATH_MAX) {
        complain_about(destination, ENAMETOOLONG);
        return 1;
    }
    ::unlink(path);  // Of one that was killed over it.
    int error = copy_to(path);
    if (error == 0 && ::rename(path, destination) != 0) error = errno;
    if (error == 0) return 0;
    ::unlink(path);
    complain_about(destination, error);
    return 1;
}

}  // namespace berth::init
