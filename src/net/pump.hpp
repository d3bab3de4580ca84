#pragma once

#include <functional>

#include "net/channel.hpp"

namespace berth::net {

/// Called with each piece that goes one way, before it is sent.
using Tap = std::function<void(std::string_view)>;

/// Copies bytes both ways until both directions have ended, then closes both.
///
/// A side that shuts down its writing ends one direction only. A slow reader stops the other side's reading:
/// at most 64 KiB a direction are held, and none while nothing comes. An error on either side ends both
/// directions.
Work<> pump(Loop& loop, Channel& left, Channel& right, Tap to_right = {}, Tap to_left = {});

}  // namespace berth::net
