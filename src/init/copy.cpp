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
    beside.add(destination).add(".new");
    if (beside.view().size() == PATH_MAX) {
        complain_about(destination, ENAMETOOLONG);
        return 1;
    }
    std::array<char, PATH_MAX + 1> path{};
    beside.view().copy(path.data(), PATH_MAX);
    ::unlink(path.data());  // Of one that was killed over it.
    int error = copy_to(path.data());
    if (error == 0 && ::rename(path.data(), destination) != 0) error = errno;
    if (error == 0) return 0;
    ::unlink(path.data());
    complain_about(destination, error);
    return 1;
}

}  // namespace berth::init
