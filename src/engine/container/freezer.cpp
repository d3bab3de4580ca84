#include "engine/container/freezer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <ranges>
#include <sstream>
#include <vector>

namespace berth::engine {
namespace {

/// A line of /proc/PID/cgroup: `6:freezer:/group` of version 1, `0::/group` of version 2.
struct Membership {
    std::string controllers, group;
};

std::optional<Membership> read_membership(const std::string& line) {
    const auto first = line.find(':');
    const auto second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) return std::nullopt;
    return Membership{line.substr(first + 1, second - first - 1), line.substr(second + 1)};
}

bool has_option(const std::string& options, std::string_view wanted) {
    for (const auto part : std::views::split(options, ','))
        if (std::string_view(part.begin(), part.end()) == wanted) return true;
    return false;
}

/// Where the hierarchy is mounted (proc_mounts(5)); empty: nowhere.
std::string mount_point(const std::string& root, std::string_view type, std::string_view option) {
    std::ifstream mounts(root + "proc/self/mounts");
    std::string device, path, kind, options, rest;
    while (mounts >> device >> path >> kind >> options && std::getline(mounts, rest))
        if (kind == type && (option.empty() || has_option(options, option))) return root + path.substr(1);
    return {};
}

/// The folder that bears the container's id: what its runtime made for it, not what it made in there itself.
std::string own_folder(const std::string& group, std::string_view container) {
    const auto at = group.find(container);
    if (container.empty() || at == group.npos) return {};
    return group.substr(0, group.find('/', at));
}

std::string read_text(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

std::optional<Freezer> Freezer::find(int process, std::string_view container, const std::string& root) {
    std::ifstream groups(root + "proc/" + std::to_string(process) + "/cgroup");
    std::optional<Freezer> found;
    for (std::string line; std::getline(groups, line);) {
        const auto membership = read_membership(line);
        if (!membership) continue;
        const bool one = has_option(membership->controllers, "freezer");
        if (!one && !membership->controllers.empty()) continue;
        const auto folder = own_folder(membership->group, container);
        const auto mounted = one ? mount_point(root, "cgroup", "freezer") : mount_point(root, "cgroup2", {});
        if (folder.empty() || mounted.empty()) continue;
        const auto version = one ? Version::one : Version::two;
        Freezer freezer(version, mounted + folder);
        // Where version 1 has the freezer, version 2 has none for these processes' resources.
        if (freezer.frozen() && (one || !found)) found = std::move(freezer);
    }
    return found;
}

std::optional<bool> Freezer::frozen() const {
    if (version_ == Version::one) {
        const auto state = read_text(group_ + "/freezer.state");
        if (state.empty()) return std::nullopt;
        return state.starts_with("FROZEN");
    }
    const auto events = read_text(group_ + "/cgroup.events");
    const auto at = events.find("frozen ");
    if (at == events.npos) return std::nullopt;
    return events.substr(at + 7, 1) == "1";
}

bool Freezer::set(bool frozen) const {
    const bool one = version_ == Version::one;
    const auto path = group_ + (one ? "/freezer.state" : "/cgroup.freeze");
    const std::string_view word = one ? (frozen ? "FROZEN" : "THAWED") : (frozen ? "1" : "0");
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    const bool done = ::write(file, word.data(), word.size()) == static_cast<ssize_t>(word.size());
    ::close(file);
    return done;
}

}  // namespace berth::engine
