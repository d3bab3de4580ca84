#pragma once

#include <cstdint>
#include <optional>

namespace berth::init {

/// What a control group has used.
struct Used {
    std::uint64_t cpu = 0;     ///< Nanoseconds of processor, since it began.
    std::uint64_t memory = 0;  ///< Bytes now, without files that the kernel drops first.
    bool operator==(const Used&) const = default;
};

/// Of the control group whose files are below `folder`, by either version of the kernel's interface: in a
/// component that is its own. Nothing where they cannot be read.
///
/// https://docs.kernel.org/admin-guide/cgroup-v2.html
std::optional<Used> read_usage(const char* folder = "/sys/fs/cgroup");

}  // namespace berth::init
