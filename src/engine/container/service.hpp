#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/child.hpp"
#include "base/clock.hpp"

namespace berth::engine {

/// What of this machine decides how Podman has to be configured.
struct Machine {
    bool unified_cgroups = true;  ///< cgroup v2 alone.
    bool systemd = true;          ///< Runs as process 1.
    bool runc = false;            ///< Is installed.
    std::uint64_t open_files_max = 1'048'576;
    std::uint64_t processes_max = 1'048'576;
};

Machine look_at_machine();

/// The text of a containers.conf of our own: only what Podman would get wrong here. Pure.
std::string render_containers_conf(const Machine& machine);

/// The first Unix socket of a container engine that exists: $DOCKER_HOST, the user's Podman, the system's
/// Podman, Docker. Empty when there is none.
std::string probe_socket();

/// Our own `podman system service`, with its configuration in the data directory. Containers outlive it.
class PodmanService {
  public:
    PodmanService(std::string data, std::string program);

    const std::string& socket() const { return socket_; }
    /// What `podman` needs in its environment to see the same engine.
    std::map<std::string, std::string> env() const { return {{"CONTAINERS_CONF", conf_}}; }
    /// Starts it unless it runs. Throws `unavailable` when it cannot be started.
    void ensure();
    void stop() { child_.reset(); }
    int pid() const { return child_ ? child_->pid() : -1; }
    /// What it said last, for messages.
    std::string last_words() const;

  private:
    void end_orphan() const;

    std::string program_, socket_, conf_, log_, pid_file_;
    std::unique_ptr<BackgroundChild> child_;
};

}  // namespace berth::engine
