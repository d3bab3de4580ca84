#pragma once

#include "acts/keyring.hpp"
#include "base/clock.hpp"

namespace berth::control {

/// Finishes rotations of the keyring: what is sealed under retired keys is sealed anew, a little at a time,
/// and keys that nothing is under any more are deleted.
///
/// How far it is stands in the rows alone, so that it goes on after any end. Runs beside the loop, in the
/// process that acts.
class Resealer {
  public:
    /// `epoch` is of the leadership under which it writes; absent: alone.
    Resealer(store::Store& store, Clock& clock, acts::Keyring keyring, std::optional<std::int64_t> epoch,
             asio::any_io_executor executor);

    /// Until cancelled: at once when somebody rotates, and now and then for what is left.
    Task<> run();

    /// As far as it can be done now. True when no retired key is left.
    Task<bool> finish();

  private:
    Task<bool> reseal_next();

    store::Store& store_;
    Clock& clock_;
    acts::Keyring keyring_;
    std::optional<std::int64_t> epoch_;
    asio::any_io_executor executor_;
    std::shared_ptr<asio::steady_timer> asked_;  ///< Cancelled when somebody rotates.
};

}  // namespace berth::control
