#pragma once

#include <cstdint>

#include "world.hpp"

namespace berth::sim {

/// What one person does now, drawn from the seed.
void act(World& world);

/// A number from the environment.
std::uint64_t number_from(const char* name, std::uint64_t otherwise);

}  // namespace berth::sim
