#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth::engine {

/// The kernel's own switch of one container: the freezer of its cgroup, of version 1 (`freezer.state`) or 2
/// (`cgroup.freeze`). See cgroups(7) and the kernel's cgroup-v1/freezer-subsystem.rst and cgroup-v2.rst.
///
/// It takes microseconds where asking an engine takes many milliseconds, and engines do not mind: they look
/// at the same files. Blocking, but never for long: the files are the kernel's.
class Freezer {
  public:
    /// The freezer of the container that the process runs in. Nothing where that is not on this machine or
    /// not to be seen from here: the group's path must bear the container's id. `root` is `/` but for tests.
    static std::optional<Freezer> find(int process, std::string_view container,
                                       const std::string& root = "/");

    /// Whether all of it is frozen; nothing when the group has gone.
    std::optional<bool> frozen() const;
    /// Asks for it; how far that is, `frozen` says. False where we may not.
    bool set(bool frozen) const;

    bool operator==(const Freezer&) const = default;

  private:
    enum class Version { one, two };
    Freezer(Version version, std::string group) : version_(version), group_(std::move(group)) {}

    Version version_;
    std::string group_;  ///< Absolute path of the cgroup's folder.
};

}  // namespace berth::engine
