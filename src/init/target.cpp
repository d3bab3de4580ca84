#include "init/target.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace berth::init {

namespace {

constexpr std::string_view fresh_suffix = ".berth~";
constexpr mode_t folder_mode = 0755;

/// Copies with a NUL at its end; false when there is no room.
template <std::size_t size>
bool copy(std::string_view text, std::array<char, size>& into) {
    if (text.size() >= size) return false;
    into[text.copy(into.data(), text.size())] = '\0';
    return true;
}

}  // namespace

bool is_plain_path(std::string_view path) {
    if (path.size() < 2 || path.size() > path_max || path[0] != '/') return false;
    path.remove_prefix(1);
    for (;;) {
        const auto end = path.find('/');
        const auto part = path.substr(0, end);
        if (part.empty() || part == "." || part == "..") return false;
        if (end == std::string_view::npos) return true;
        path.remove_prefix(end + 1);
    }
}

int Target::find(std::string_view path) {
    return walk(path, Missing::make);
}

int Target::look_for(std::string_view path) {
    return walk(path, Missing::refuse);
}

int Target::walk(std::string_view path, Missing missing) {
    give_up();
    constexpr int how = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    folder_ = Fd(::open("/", how));
    path.remove_prefix(1);
    for (auto end = path.find('/'); end != std::string_view::npos; end = path.find('/')) {
        if (!copy(path.substr(0, end), name_)) return ENAMETOOLONG;
        Fd next(::openat(folder_.get(), name_.data(), how));
        if (!next && errno == ENOENT && missing == Missing::make) {
            if (::mkdirat(folder_.get(), name_.data(), folder_mode) != 0 && errno != EEXIST) return errno;
            next = Fd(::openat(folder_.get(), name_.data(), how));
        }
        if (!next) return errno;
        folder_ = static_cast<Fd&&>(next);
        path.remove_prefix(end + 1);
    }
    Text<name_max> fresh;
    fresh.add(".").add(path).add(fresh_suffix);
    const bool fits = path.size() + 1 + fresh_suffix.size() <= name_max;
    return fits && copy(path, name_) && copy(fresh.view(), fresh_) ? 0 : ENAMETOOLONG;
}

int Target::begin() {
    ::unlinkat(folder_.get(), fresh_.data(), 0);
    file_ = Fd(::openat(folder_.get(), fresh_.data(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        S_IRUSR | S_IWUSR));
    begun_ = static_cast<bool>(file_);
    return begun_ ? 0 : errno;
}

int Target::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(file_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

int Target::finish(mode_t mode) {
    if (::fchmod(file_.get(), mode) != 0) return errno;
    return take_place();
}

int Target::link_to(const char* where) {
    ::unlinkat(folder_.get(), fresh_.data(), 0);
    if (::symlinkat(where, folder_.get(), fresh_.data()) != 0) return errno;
    begun_ = true;
    return take_place();
}

int Target::remove() {
    return ::unlinkat(folder_.get(), name_.data(), 0) == 0 || errno == ENOENT ? 0 : errno;
}

int Target::take_place() {
    if (::renameat(folder_.get(), fresh_.data(), folder_.get(), name_.data()) != 0) return errno;
    begun_ = false;
    give_up();
    return 0;
}

void Target::give_up() {
    if (begun_) ::unlinkat(folder_.get(), fresh_.data(), 0);
    begun_ = false;
    file_.reset();
    folder_.reset();
}

}  // namespace berth::init
