#pragma once

#include <string>

#include "config.hpp"

/// `berth up`, `berth serve` and `berth down`: a Berth is started and stopped.
namespace berth {

struct UpOptions {
    bool detach = false;  ///< Come back once it is ready; the server goes on in the background.
    bool open = true;     ///< Open the page in a browser where there is a desktop.
};

/// Serves in the foreground (or detached) and says when it is ready, with the first administrator's link.
/// Where a Berth has the data directory already it stays as it is, and that is said instead: its address, and
/// a link while nobody administers it. Gives the exit status; throws as `Wire` does, and `conflict`
/// (`port_taken`) before anything is written.
int up(const Config& config, const UpOptions& options);

/// The same as a service runs it: it waits for no image, and opens nothing.
int serve(const Config& config);

/// Stops the Berth of that data directory. With `sessions`, hibernates its sessions first: their files stay.
/// Nothing running is fine. Throws `unavailable` when it does not stop.
int down(const Config& config, bool sessions);

}  // namespace berth
