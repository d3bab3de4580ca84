#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/quantity.hpp"

/// The Docker Engine API's nouns, as much of each as is used here.
namespace berth::container {

using Labels = std::map<std::string, std::string>;

/// Who answers on the socket.
struct Version {
    std::string product;  ///< `Podman Engine`, `Docker Engine - Community`…
    std::string version;
    std::string api;  ///< Newest API that it speaks, `1.41`.
    bool podman = false;
    bool operator==(const Version&) const = default;
};

/// What the engine can do on this machine.
struct SystemReport {
    bool rootless = false;
    bool user_namespaces = false;  ///< Containers already run in a user namespace of their own.
    std::string root;              ///< Where images and volumes lie.
    int cgroup_version = 0;        ///< 0 when it does not say.
    bool operator==(const SystemReport&) const = default;
};

/// A folder or file of the host inside a container.
struct BindMount {
    std::string source;  ///< Absolute path on the host that exists.
    std::string target;
    bool read_only = false;
};

/// A named volume inside a container.
struct VolumeMount {
    std::string volume;
    std::string target;
    bool read_only = false;
    bool take_over = false;  ///< Podman only: give all of it to the container's user at each start.
};

/// An empty folder in memory, writable for everybody inside, from which nothing can be run.
struct MemoryFolder {
    std::string target;
    Bytes size;
};

/// A container to create. It is never filled from the image, privileged, or restarted by the engine.
struct ContainerSpec {
    std::string name;
    std::string image;  ///< Reference or `sha256:…`.
    std::string hostname;
    std::vector<std::string> entrypoint;  ///< Never empty: the image's own entry point is replaced.
    std::vector<std::string> command;
    std::map<std::string, std::string> env;
    std::string user;  ///< `uid:gid`
    Labels labels;
    std::vector<BindMount> binds;
    std::vector<VolumeMount> volumes;
    std::vector<MemoryFolder> memory_folders;
    std::string network;  ///< Name of the one network it joins.
    std::vector<std::string> aliases;
    Bytes memory;  ///< No swap beyond it.
    Bytes shared_memory;
    MilliCpu cpu;
    int pids = 0;
    std::vector<std::string> capabilities;  ///< All others are dropped.
    std::string user_namespace;             ///< Empty: the engine's own.
    std::string log_driver;
    Bytes log_size;  ///< Older log is dropped beyond it.
    Duration stop_timeout{10'000};
    bool open_input = false;  ///< Standard input never ends, and never says anything.
};

/// A bridge network to create.
struct NetworkSpec {
    std::string name;
    std::string bridge;  ///< Name of the host's interface, at most 15 characters.
    bool internal = false;
    Labels labels;
};

/// A volume to create.
struct VolumeSpec {
    std::string name;
    Labels labels;
    std::map<std::string, std::string> options;
};

/// One line of the list of containers.
struct ContainerSummary {
    std::string id;
    std::string name;
    std::string state;  ///< created, running, paused, exited, dead, removing…
    Labels labels;
    std::vector<std::string> volumes;  ///< Names of the volumes that it mounts.
    bool operator==(const ContainerSummary&) const = default;
};

/// A container as it is.
struct ContainerDetails {
    std::string id;
    std::string name;
    std::string image;  ///< `sha256:…`
    std::string state;
    int exit_code = 0;
    bool out_of_memory = false;
    std::string error;  ///< Why it could not start, in the engine's words.
    std::optional<Time> started_at;
    std::optional<Time> finished_at;
    Labels labels;
    int pid = 0;
    bool operator==(const ContainerDetails&) const = default;
};

/// A network as it is.
struct NetworkDetails {
    std::string name;
    std::string id;
    Labels labels;
    bool internal = false;
    std::string gateway;
    bool operator==(const NetworkDetails&) const = default;
};

/// A volume as it is.
struct VolumeDetails {
    std::string name;
    std::string mountpoint;  ///< A path on the engine's host.
    Labels labels;
    bool operator==(const VolumeDetails&) const = default;
};

/// An image as it is here.
struct ImageDetails {
    std::string id;  ///< `sha256:…` of the configuration.
    std::vector<std::string> entrypoint;
    std::vector<std::string> command;
    std::string user;
    Labels labels;
    Bytes size;
    bool operator==(const ImageDetails&) const = default;
};

/// One look at a container's counters.
struct Stats {
    std::uint64_t cpu_nanoseconds = 0;  ///< Since it started.
    Bytes memory;                       ///< Without page cache where the engine tells it apart.
    bool operator==(const Stats&) const = default;
};

/// How much of a log: lines from the end (at most 10 000), and whether to go on.
struct LogOptions {
    int tail = 1000;
    bool follow = false;
};

/// A line of a container's log, without its end of line.
struct LogLine {
    std::optional<Time> at;
    bool error_output = false;
    std::string text;
    bool operator==(const LogLine&) const = default;
};

}  // namespace berth::container
