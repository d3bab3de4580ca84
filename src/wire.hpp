#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/task.hpp"
#include "catalog.hpp"
#include "config.hpp"
#include "engine/engine.hpp"

namespace berth {

/// A whole Berth in this process: the only place that names every concrete part.
class Wire {
  public:
    /// Opens the data directory and the database. Throws `conflict` when another Berth has them
    /// (`data_directory_in_use`) and `invalid` for a configuration that cannot work.
    explicit Wire(Config config);
    ~Wire();
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    /// Serves until SIGINT or SIGTERM. `started` runs on the control loop once the address answers; throws
    /// `conflict` (`port_taken`).
    void run(std::function<Task<>(Wire&)> started);

    const Config& config() const;
    engine::Engine& engine();
    Clock& clock();
    /// The images of the starter catalog, in the order in which they are made.
    std::vector<std::string> starter_images() const;
    /// The link that makes the first administrator; nothing when there is one.
    Task<std::optional<std::string>> first_link();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace berth
