#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/quantity.hpp"

/// How much of everything a template, a session or a workspace may have, said once: `parse_template` and the
/// names of `plan` enforce it, the custom resource definitions repeat it to the cluster.
///
/// Texts count characters, unless bytes are said.
namespace berth::limits {

inline constexpr std::size_t label_max = 40;   ///< Names of templates, components, ports, volumes, accesses.
inline constexpr std::size_t name_max = 63;    ///< Names of sessions, workspaces and users.
inline constexpr std::size_t title_max = 200;  ///< Display name, category, one tag.
inline constexpr std::size_t description_max = 8192;  ///< Of a template.
inline constexpr std::size_t image_max = 512;         ///< Name of an image.
inline constexpr std::size_t path_max = 1024;         ///< Of a mount or probe.
inline constexpr std::size_t icon_max = 64 << 10;     ///< Bytes.
inline constexpr std::size_t text_max = 128 << 10;    ///< Bytes of the whole spec as JSON, with its icon.

inline constexpr std::size_t components_max = 16;
inline constexpr std::size_t volumes_max = 16;
inline constexpr std::size_t items_max = 64;         ///< Ports, mounts, ways in, tags.
inline constexpr std::size_t arguments_max = 256;    ///< Words of one command.
inline constexpr std::size_t variables_max = 256;    ///< Of one component.
inline constexpr std::size_t variable_max = 128;     ///< Name of a secret.
inline constexpr std::size_t steps_max = 16;         ///< Init steps of one component.
inline constexpr std::size_t object_name_max = 253;  ///< Of an object in a cluster (RFC 1123 subdomain).

inline constexpr int port_max = 65535;
inline constexpr int user_max = 2'000'000'000;
inline constexpr int pids_min = 4;
inline constexpr int pids_max = 4096;  ///< A machine has 32768 unless its administrator gave it more.
inline constexpr int gpu_max = 64;
// So large that nobody means more, so small that sums of many stay far from the end of 64 bits.
inline constexpr MilliCpu cpu_min{10};
inline constexpr MilliCpu cpu_max{1'000'000};
inline constexpr Bytes memory_min{6 << 20};
inline constexpr Bytes memory_max{std::int64_t{1} << 46};
inline constexpr Bytes volume_min{1};
inline constexpr Bytes volume_max{std::int64_t{1} << 50};
inline constexpr Duration start_within_min{std::chrono::seconds(1)};
inline constexpr Duration start_within_max{std::chrono::days(30)};
inline constexpr Duration stop_timeout_max{std::chrono::minutes(10)};
inline constexpr Duration stay_min{std::chrono::seconds(10)};  ///< Idle, or running at a stretch.
inline constexpr Duration stay_max{std::chrono::days(365)};
inline constexpr Duration notice_max{std::chrono::days(1)};   ///< Of a warning, and of the grace after it.
inline constexpr Duration lease_max{std::chrono::hours(24)};  ///< Of one report of activity from inside.
inline constexpr std::size_t lease_text_max = 200;            ///< What works.
inline constexpr std::size_t uncounted_max = 8;  ///< What a session remembers of what was no use of it.

/// Where no volume can be mounted, nor anywhere below.
inline constexpr std::array<std::string_view, 5> taken_paths{"/proc", "/sys", "/dev", "/run/berth",
                                                             "/.berth"};
/// How ids begin: what names must not look like.
inline constexpr std::array<std::string_view, 2> id_prefixes{"ses_", "wsp_"};

}  // namespace berth::limits
