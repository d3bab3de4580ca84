#pragma once

#include "acts/vault.hpp"
#include "engine/secrets.hpp"

/// Where the vault and the engines meet: neither knows the other.
namespace berth {

/// What engines ask for the secrets of their workloads. The vault outlives it.
engine::MaterialSource material_from(acts::Vault& vault);

}  // namespace berth
