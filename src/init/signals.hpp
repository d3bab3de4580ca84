#pragma once

#include <optional>

#include "init/fd.hpp"

namespace berth::init {

/// Receives signals as something to poll. All but those that a fault raises are blocked from then on.
class Signals {
  public:
    Signals();

    /// Readable when a signal waits; -1 when the kernel gives no such descriptor.
    int descriptor() const { return descriptor_.get(); }

    /// The next signal that waits.
    std::optional<int> next() const;

  private:
    Fd descriptor_;
};

}  // namespace berth::init
