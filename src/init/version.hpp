#pragma once

#include <string_view>

namespace berth::init {

#ifdef BERTH_VERSION
inline constexpr std::string_view version = BERTH_VERSION;
#else
inline constexpr std::string_view version = "unversioned";
#endif

}  // namespace berth::init
