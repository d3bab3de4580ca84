#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/secret_text.hpp"
#include "catalog.hpp"
#include "config.hpp"
#include "engine/engine.hpp"
#include "engine/secrets.hpp"
#include "operator/lease.hpp"

/// The concrete engines, from what is configured.
namespace berth {

/// What tells this Berth from others.
struct Installation {
    std::string instance;  ///< Short hex; on everything that it makes.
    SecretText secret;
};

/// The engine that the configuration asks for, not started. `executor` is the control loop; `starters` are
/// the images that it can build; `materials` answers it what is secret.
std::unique_ptr<engine::Engine> make_engine(const Config& config, const Installation& installation,
                                            Clock& clock, asio::any_io_executor executor,
                                            const std::vector<catalog::Starter>& starters,
                                            engine::MaterialSource materials = {});

/// What shows in the cluster which of several Berths acts; null without a cluster, or when it is not wanted.
std::unique_ptr<control::Lease> make_lease(const Config& config, const std::string& instance, Clock& clock,
                                           asio::any_io_executor executor);

}  // namespace berth
