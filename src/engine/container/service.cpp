#include "engine/container/service.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/error.hpp"

namespace berth::engine {
namespace {

namespace fs = std::filesystem;

// What Podman asks for by default; more than the host allows makes every start fail.
constexpr std::uint64_t open_files_wanted = 1'048'576;
constexpr std::uint64_t processes_wanted = 4'194'304;

constexpr int orphan_polls = 200;
constexpr ::useconds_t orphan_poll = 10'000;

bool is_installed(const std::string& program) {
    const char* path = std::getenv("PATH");
    std::string_view rest = path != nullptr ? path : "/usr/sbin:/usr/bin:/sbin:/bin";
    while (!rest.empty()) {
        const auto end = std::min(rest.find(':'), rest.size());
        const auto candidate = std::string(rest.substr(0, end)) + "/" + program;
        if (::access(candidate.c_str(), X_OK) == 0) return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

bool is_socket(const std::string& path) {
    std::error_code ec;
    return fs::is_socket(path, ec);
}

}  // namespace

Machine look_at_machine() {
    Machine machine;
    machine.unified_cgroups = fs::exists("/sys/fs/cgroup/cgroup.controllers");
    machine.systemd = fs::exists("/run/systemd/system");
    machine.runc = is_installed("runc");
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) machine.open_files_max = limit.rlim_max;
    if (::getrlimit(RLIMIT_NPROC, &limit) == 0) machine.processes_max = limit.rlim_max;
    return machine;
}

std::string render_containers_conf(const Machine& machine) {
    std::vector<std::string> limits, engine;
    if (machine.open_files_max < open_files_wanted) {
        const auto files = std::min<std::uint64_t>(machine.open_files_max, 16'384);
        limits.push_back(fmt::format("\"nofile={0}:{0}\"", files));
        limits.push_back(
            fmt::format("\"nproc={0}:{0}\"", std::min<std::uint64_t>(machine.processes_max, 4096)));
    } else if (machine.processes_max < processes_wanted) {
        limits.push_back(
            fmt::format("\"nproc={0}:{0}\"", std::min<std::uint64_t>(machine.processes_max, 65'536)));
    }
    // crun refuses a machine whose cgroup v1 and v2 trees are mixed.
    if (!machine.unified_cgroups && machine.runc) engine.emplace_back("runtime = \"runc\"\n");
    if (!machine.unified_cgroups || !machine.systemd) engine.emplace_back("cgroup_manager = \"cgroupfs\"\n");
    std::string text = "# Written by Berth at each start for the Podman service of its own.\n";
    if (!limits.empty())
        text += fmt::format("[containers]\ndefault_ulimits = [{}]\n", fmt::join(limits, ", "));
    if (!engine.empty()) text += fmt::format("[engine]\n{}", fmt::join(engine, ""));
    // Names between containers resolve with netavark and aardvark-dns only.
    return text + "[network]\nnetwork_backend = \"netavark\"\n";
}

std::string probe_socket() {
    std::vector<std::string> candidates;
    constexpr std::string_view scheme = "unix://";
    if (const char* host = std::getenv("DOCKER_HOST");
        host != nullptr && std::string_view(host).starts_with(scheme))
        candidates.emplace_back(std::string_view(host).substr(scheme.size()));
    if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr)
        candidates.push_back(std::string(runtime) + "/podman/podman.sock");
    candidates.insert(candidates.end(), {"/run/podman/podman.sock", "/var/run/docker.sock"});
    for (const auto& candidate : candidates)
        if (is_socket(candidate) && ::access(candidate.c_str(), R_OK | W_OK) == 0) return candidate;
    return {};
}

PodmanService::PodmanService(std::string data, std::string program)
    : program_(std::move(program)),
      socket_(data + "/podman.sock"),
      conf_(data + "/containers.conf"),
      log_(data + "/podman.log"),
      pid_file_(data + "/podman.pid") {}

/// A service that a killed Berth left behind: the process that was ours, if it still serves our socket.
void PodmanService::end_orphan() const {
    int pid = 0;
    std::ifstream(pid_file_) >> pid;
    if (pid <= 1) return;
    std::ifstream file(fmt::format("/proc/{}/cmdline", pid));
    const std::string command((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (command.find("unix://" + socket_) == std::string::npos || ::kill(pid, SIGTERM) != 0) return;
    // It removes its socket as it ends: not ours, which comes next.
    for (int i = 0; i < orphan_polls && ::kill(pid, 0) == 0; ++i) ::usleep(orphan_poll);
}

void PodmanService::ensure() {
    if (child_ && child_->running()) return;
    child_.reset();
    std::ofstream(conf_, std::ios::trunc) << render_containers_conf(look_at_machine());
    end_orphan();
    std::error_code ec;
    fs::remove(socket_, ec);
    std::vector<std::string> arguments{program_, "system", "service", "--time=0", "unix://" + socket_};
    child_ = std::make_unique<BackgroundChild>(std::move(arguments), env(), log_);
    std::ofstream(pid_file_, std::ios::trunc) << child_->pid();
}

std::string PodmanService::last_words() const {
    std::ifstream file(log_);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const ChildResult result{.output = text};
    return result.last_lines(2);
}

}  // namespace berth::engine
