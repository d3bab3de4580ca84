#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"

namespace berth::engine {

/// One workload's bridge, and whether it may leave it.
struct Bridge {
    std::string name;
    bool closed = false;  ///< Egress none: only its own components, by name.
    auto operator<=>(const Bridge&) const = default;
};

/// The whole table of this instance as `nft -f -` takes it: replaces what was there, in one transaction.
/// Pure.
///
/// Sessions reach each other's bridges, the host and its neighbourhood no more than the outside reaches them:
/// only the public IPv4 and IPv6 ranges, and the name server on their own gateway address. A closed bridge
/// may only ask that server for names of one label, which no other server knows.
std::string render_rules(const std::string& instance, std::vector<Bridge> bridges);

/// Keeps that table loaded. All calls from one loop.
class Firewall {
  public:
    Firewall(std::string instance, Clock& clock) : instance_(std::move(instance)), clock_(clock) {}

    /// Loads the table for these bridges when it differs from what is loaded, or when `check` finds it gone.
    Task<> load(std::vector<Bridge> bridges);
    /// Loads it again when somebody removed it.
    Task<> check();
    Task<> add(Bridge bridge);
    /// Forgets a bridge that is gone.
    Task<> drop(std::string name);
    Task<> remove();
    /// Why isolation is not enforced; empty when it is.
    const std::string& problem() const { return problem_; }

  private:
    Task<> apply();

    std::string instance_;
    Clock& clock_;
    std::vector<Bridge> bridges_;
    bool loaded_ = false;
    std::string problem_ = "nftables was not tried yet";
};

}  // namespace berth::engine
