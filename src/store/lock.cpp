#include "store/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"

namespace berth::store {
namespace {

std::string read_owner(int file) {
    char text[32] = {};
    const auto length = ::pread(file, text, sizeof(text) - 1, 0);
    const std::string owner(text, length > 0 ? static_cast<std::size_t>(length) : 0);
    return owner.substr(0, owner.find('\n'));
}

void write_owner(int file) {
    const auto text = std::to_string(::getpid()) + "\n";
    // Only for the message that another process shows; the lock holds without it, also on a disk that is
    // full.
    if (::ftruncate(file, 0) != 0) return;
    [[maybe_unused]] const auto written = ::pwrite(file, text.data(), text.size(), 0);
}

}  // namespace

Lock::Lock(const std::string& path) {
    const auto name = path + ".lock";
    file_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0)
        throw Error(Kind::unavailable, "storage_failed",
                    "the lock file " + quoted(name) + " could not be opened",
                    "see that its directory exists and is writable", std::strerror(errno));
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0) {
        write_owner(file_);
        return;
    }
    const auto owner = read_owner(file_);
    ::close(file_);
    throw Error(
        Kind::conflict, "data_directory_in_use",
        "the database " + quoted(path) + " is in use by process " + (owner.empty() ? "unknown" : owner),
        "stop that process, or use another data directory");
}

Lock::~Lock() {
    ::close(file_);
}

}  // namespace berth::store
