// Tries the real thing, and says what to fix.

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/container/container_engine.hpp"
#include "engine/container/names.hpp"
#include "engine/probe.hpp"

namespace berth::engine {
namespace {

constexpr const char* probe_image = "localhost/berth/probe:latest";
constexpr Bytes probe_memory{std::int64_t{64} << 20};
constexpr std::chrono::seconds ready_limit{10};

std::string read_all(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A tar archive (POSIX ustar) that holds one program.
std::string archive_of(const std::string& name, const std::string& bytes) {
    std::string header(512, '\0');
    const auto put = [&](std::size_t at, const std::string& text) { header.replace(at, text.size(), text); };
    put(0, name);
    put(100, "0000755");
    put(108, "0000000");
    put(116, "0000000");
    put(124, fmt::format("{:011o}", bytes.size()));
    put(136, "00000000000");
    put(148, "        ");
    put(156, "0");
    put(257, std::string("ustar\0"
                         "00",
                         8));
    unsigned sum = 0;
    for (const char byte : header) sum += static_cast<unsigned char>(byte);
    put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    std::string archive = header + bytes;
    archive.resize((archive.size() + 511) / 512 * 512 + 1024);
    return archive;
}

/// The memory limit that the kernel enforces on a process; nothing when it cannot be read.
std::optional<std::int64_t> memory_limit_of(int pid) {
    std::ifstream groups(fmt::format("/proc/{}/cgroup", pid));
    std::string line;
    while (std::getline(groups, line)) {
        const auto path = line.substr(line.rfind(':') + 1);
        std::string file;
        if (line.find(":memory:") != std::string::npos)
            file = "/sys/fs/cgroup/memory" + path + "/memory.limit_in_bytes";
        if (line.starts_with("0::")) file = "/sys/fs/cgroup" + path + "/memory.max";
        const auto text = file.empty() ? "" : read_all(file);
        if (!text.empty() && text[0] != 'm') return std::stoll(text);
    }
    return std::nullopt;
}

/// A UDP socket in the network of another process; -1 with errno where we may not.
int socket_in_network_of(int pid) {
    int made = -1, error = 0;
    // A thread of its own: it moves there and ends there.
    std::thread([&] {
        const int network = ::open(fmt::format("/proc/{}/ns/net", pid).c_str(), O_RDONLY | O_CLOEXEC);
        if (network >= 0 && ::setns(network, CLONE_NEWNET) == 0)
            made = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        error = errno;
        if (network >= 0) ::close(network);
    }).join();
    errno = error;
    return made;
}

/// A question for the IPv4 address of a name of one label (RFC 1035, 4.1).
std::string dns_question(const std::string& name) {
    std::string question("\x42\x42\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
    question += static_cast<char>(name.size()) + name;
    return question + std::string("\x00\x00\x01\x00\x01", 5);
}

Check failed(std::string name, const Error& error, std::string fix) {
    return {.name = std::move(name),
            .message = error.user,
            .fix = error.next.empty() ? std::move(fix) : error.next};
}

WorkloadComponent probe_component(const std::string& name) {
    WorkloadComponent component;
    component.name = name;
    component.image = probe_image;
    // Waits for a request that never comes; its process 1 ends it after 10 s.
    component.command = {{"/berth-init", "relay"}};
    component.resources.memory = probe_memory;
    component.resources.pids = 64;
    component.generation = "examine";
    return component;
}

/// Why a name was not answered with an address; nothing when it was.
std::optional<std::string> ask_for_name(int socket, const std::string& server, const std::string& name) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(53);
    ::inet_pton(AF_INET, server.c_str(), &to.sin_addr);
    const auto question = dns_question(name);
    std::array<unsigned char, 512> answer{};
    pollfd ready{socket, POLLIN, 0};
    // The name server learns of a container a moment after it has started.
    for (int attempt = 0; attempt < 20; ++attempt) {
        ::sendto(socket, question.data(), question.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
        if (::poll(&ready, 1, 100) < 1) continue;
        const auto count = ::recv(socket, answer.data(), answer.size(), 0);
        if (count > 12 && (answer[6] != 0 || answer[7] != 0)) return std::nullopt;
    }
    return fmt::format("the name server {} does not know {}", server, berth::quoted(name));
}

}  // namespace

Task<Check> ContainerEngine::check_answers() {
    Check check{.name = "engine"};
    try {
        const auto version = co_await client_->version();
        check.passed = true;
        check.message =
            fmt::format("{} {} on {}", version.podman ? "Podman" : "Docker", version.version, socket_);
    } catch (const Error& error) {
        check.message = error.user;
        check.fix = service_ ? "install podman, or look into " + options_.data + "/podman.log"
                             : "start the service behind " + socket_;
    }
    co_return check;
}

/// Makes the image that needs nothing from outside.
Task<> ContainerEngine::import_probe_image() {
    auto archive = archive_of("berth-init", read_all(options_.init));
    co_await client_->import_image(std::move(archive), "localhost/berth/probe");
}

Task<> ContainerEngine::start_probe(Place place, WorkloadId id, std::string name) {
    auto component = probe_component(name);
    const auto image = co_await client_->inspect_image(component.image);
    if (!image) throw Error(Kind::internal, "image_not_found", "the imported image is not there");
    prepare_run_directory(id, component);
    auto spec = render_component(place, id, component, *image);
    spec.open_input = true;
    const auto handle = co_await client_->create(std::move(spec));
    co_await client_->start(handle);
}

Task<> ContainerEngine::remove_probes(Place place, WorkloadId id) {
    const auto labels = labels_of(place, id);
    const auto containers = co_await client_->list(labels);
    for (const auto& summary : containers) co_await client_->remove(summary.id, true);
    co_await client_->remove_network(network_name(place.instance, id));
    co_await client_->remove_image(probe_image);
    std::error_code ec;
    std::filesystem::remove_all(run_directory(options_.data, id), ec);
}

Task<Check> ContainerEngine::check_container(Place place, WorkloadId id) {
    Check check{.name = "container"};
    try {
        auto network = render_network(place, id, Egress::none);
        co_await client_->create_network(std::move(network));
        co_await import_probe_image();
        co_await start_probe(place, id, "one");
        const auto init = init_of(id, "one");
        const auto until = clock_.now() + ready_limit;
        while (true) {
            const auto problem = co_await probe_once(init, clock_, std::nullopt, {});
            if (!problem) break;
            if (clock_.now() > until)
                throw Error(Kind::unavailable, "not_running", "it started, but " + *problem);
            co_await clock_.sleep(std::chrono::milliseconds(10));
        }
        check.passed = true;
        check.message = "a container starts and its process 1 answers";
    } catch (const Error& error) {
        // Netavark says only that there is no such file when the program that it calls is not installed.
        const bool program_missing = error.user.find("netavark: No such file") != std::string::npos;
        check = failed("container", error,
                       program_missing ? "install iptables: netavark calls it"
                                       : "see that `podman run` works for this user: runtime, cgroups and "
                                         "storage of the engine");
    }
    co_return check;
}

Task<Check> ContainerEngine::check_dial(WorkloadId id) {
    constexpr int nobody = 9;
    const auto init = init_of(id, "one");
    Check check{.name = "dial"};
    try {
        co_await init.dial(nobody);
        check.message = "a port that nobody listens on was connected";
    } catch (const Error& error) {
        check.passed = error.code == "port_closed";
        check.message = check.passed ? "ports inside are reached without being published" : error.user;
    }
    if (!check.passed) check.fix = "the engine has to run on this machine and share its kernel";
    co_return check;
}

Task<Check> ContainerEngine::check_memory(Place place, WorkloadId id) {
    Check check{.name = "memory limit"};
    const auto details = co_await client_->inspect(
        container_name(place.instance, id, "one", probe_component("one").generation));
    const auto limit = details ? memory_limit_of(details->pid) : std::nullopt;
    check.passed = limit == probe_memory.count;
    check.message = limit ? "the kernel enforces " + to_string(Bytes{*limit}) : "no memory limit is in force";
    if (!check.passed) check.fix = "enable the memory controller of cgroups for this engine";
    co_return check;
}

Task<Check> ContainerEngine::check_names(Place place, WorkloadId id) {
    Check check{.name = "names"};
    co_await start_probe(place, id, "two");
    const auto network = co_await client_->inspect_network(network_name(place.instance, id));
    const auto details = co_await client_->inspect(
        container_name(place.instance, id, "one", probe_component("one").generation));
    const int socket = details ? socket_in_network_of(details->pid) : -1;
    if (socket < 0 || !network || !place.podman) {
        // Docker's name server is inside each container; without root nobody may look into one.
        check.passed = true;
        check.message = "not tried: the containers' network cannot be entered from here";
    } else {
        const auto problem = ask_for_name(socket, network->gateway, "two");
        check.passed = !problem;
        check.message = problem.value_or("components find each other by name");
        if (problem) check.fix = "install netavark and aardvark-dns, and use the network backend netavark";
    }
    if (socket >= 0) ::close(socket);
    co_return check;
}

Task<Check> ContainerEngine::check_isolation() {
    co_await firewall_.check();
    Check check{.name = "network isolation", .passed = firewall_.problem().empty()};
    check.message = check.passed ? "the nftables table " + table_name(options_.instance) + " is loaded"
                                 : firewall_.problem();
    if (!check.passed)
        check.fix =
            "install nftables and run Berth as root; without it sessions reach private addresses and each "
            "other";
    co_return check;
}

Task<std::vector<Check>> ContainerEngine::examine() {
    std::vector<Check> checks;
    checks.push_back(co_await check_answers());
    if (!checks.back().passed) co_return checks;
    // An instance beside ours: nobody who follows ours hears of it.
    auto place = place_;
    place.instance += "x";
    const WorkloadId id{"examine"};
    co_await remove_probes(place, id);
    checks.push_back(co_await check_container(place, id));
    if (checks.back().passed) {
        std::optional<Error> failure;
        try {
            checks.push_back(co_await check_dial(id));
            checks.push_back(co_await check_memory(place, id));
            checks.push_back(co_await check_names(place, id));
        } catch (const Error& error) {
            failure = error;
        }
        if (failure) checks.push_back(failed("container", *failure, "see the engine's own log"));
    }
    co_await remove_probes(place, id);
    checks.push_back(co_await check_isolation());
    co_return checks;
}

}  // namespace berth::engine
