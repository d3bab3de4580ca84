#include "up.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/console.hpp"
#include "image_report.hpp"
#include "local.hpp"
#include "net/http_server.hpp"
#include "wire.hpp"

extern char** environ;

namespace berth {
namespace {

constexpr Duration stop_limit = std::chrono::seconds(30);
constexpr Duration hibernate_limit = std::chrono::minutes(2);

void say(const std::string& line) {
    std::cout << line << std::endl;
}

void say_first_link(const std::string& link) {
    say("Sign in as the first administrator (once, within 24 hours): " + link);
}

/// Says where it is reached; gives the first administrator's link where there is none yet.
Task<std::optional<std::string>> say_ready(Wire& wire) {
    const auto link = co_await wire.first_link();
    say("Berth is ready at " + wire.config().url);
    if (link) say_first_link(*link);
    co_return link;
}

/// Over SSH the page is on another machine: how to reach it from there.
void say_tunnel(int port) {
    const char* connection = std::getenv("SSH_CONNECTION");
    if (connection == nullptr) return;
    say(fmt::format("From your own machine: ssh -L {0}:127.0.0.1:{0} HOST", port));
}

void open_page(const std::string& url) {
    if (std::getenv("DISPLAY") == nullptr && std::getenv("WAYLAND_DISPLAY") == nullptr) return;
    std::string program = "xdg-open";
    std::string address = url;
    char* arguments[] = {program.data(), address.data(), nullptr};
    // Our sockets are not close-on-exec: a browser that held the listener would keep the port.
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int descriptor = 0; descriptor < 3; ++descriptor)
        posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    pid_t child = 0;
    ::posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
}

/// Waits until the first starter image is there (or cannot be), saying how far it is.
Task<> wait_for_image(Wire& wire, ImageReport& report) {
    const auto images = wire.starter_images();
    const auto show = [](const std::string& text) { std::cout << text << std::flush; };
    while (!images.empty()) {
        if (const auto why = wire.engine().down_because()) {
            show(report.finish());
            say("Sessions cannot start: " + *why);
            say("Next: berth doctor");
            co_return;
        }
        std::vector<SeenImage> seen;
        for (const auto& image : images) seen.push_back({image, wire.engine().image_state(image)});
        const auto is = [](ImageState state) {
            return [state](const SeenImage& image) { return image.state.state == state; };
        };
        show(report.show(seen));
        if (std::ranges::any_of(seen, is(ImageState::present))) break;
        if (std::ranges::all_of(seen, is(ImageState::missing))) break;
        co_await wire.clock().sleep(std::chrono::milliseconds(200));
    }
    show(report.finish());
}

Task<> greet(Wire& wire, UpOptions options, ImageReport report, int ready_pipe) {
    co_await wait_for_image(wire, report);
    const auto link = co_await say_ready(wire);
    say_tunnel(listen_address(wire.config()).second);
    if (!options.detach) say("Ctrl-C stops the server; sessions go on.");
    if (options.open) open_page(link.value_or(wire.config().url));
    if (ready_pipe >= 0) {
        // The parent reads until the pipe ends; from here on the log has what is said.
        ::dup2(STDERR_FILENO, STDOUT_FILENO);
        ::close(ready_pipe);
    }
}

/// On this terminal, also when what it writes goes there through a pipe.
ImageReport make_report() {
    const auto console = cli::system_console();
    const bool live = console.out_terminal && console.variable("TERM") != "dumb";
    return {live ? ImageReport::Mode::live : ImageReport::Mode::lines, console.columns};
}

int greet_and_serve(const Config& config, UpOptions options, ImageReport report, int ready_pipe) {
    Wire wire(config);
    wire.run([options, report = std::move(report), ready_pipe](Wire& running) {
        return greet(running, options, report, ready_pipe);
    });
    if (!options.detach) say("Berth has stopped; sessions go on. Start it again with: berth up");
    return 0;
}

/// What a text file holds from `start` on.
std::string text_from(const std::string& path, off_t start) {
    std::ifstream file(path, std::ios::binary);
    file.seekg(start);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string down_command(const Config& config) {
    const auto usual = with_defaults({}).data_directory;
    return "berth down" + (config.data_directory == usual ? "" : " --data " + config.data_directory);
}

/// A Berth that runs is what was asked for: says where it is, and what a start would have said.
void say_running(const Config& config, pid_t process, const UpOptions& options) {
    LocalServer server(data_path(config, "berth.sock"));
    const auto state = server.call("GET", "/auth/state");
    const std::string url(state.at("url").as_string());
    say(fmt::format("Berth runs already at {}, as process {}", url, process));
    std::string page = url;
    if (state.at("firstRun").as_bool()) {
        page = std::string(server.call("POST", "/auth/first-link").at("signInLink").as_string());
        say_first_link(page);
    }
    say_tunnel(net::parse_url(url).first.port);
    say("It stays as it is. Stop it with: " + down_command(config));
    if (options.open) open_page(page);
}

/// Before anything is written down: a start that cannot succeed leaves no directory behind.
void require_address(const Config& config) {
    const auto [host, port] = listen_address(config);
    net::require_free({.host = host, .port = port});
}

int detached(const Config& config, const UpOptions& options) {
    auto report = make_report();
    const auto log_path = data_path(config, "berth.log");
    std::filesystem::create_directories(config.data_directory);
    const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const off_t before = log < 0 ? 0 : ::lseek(log, 0, SEEK_END);
    int ends[2];
    if (log < 0 || ::pipe2(ends, O_CLOEXEC) != 0)
        throw Error(Kind::invalid, "data_directory_unusable", "cannot write " + log_path);
    const pid_t child = ::fork();
    if (child < 0) throw Error(Kind::unavailable, "fork_failed", "no further process can be started");
    if (child == 0) {
        ::setsid();
        const int nothing = ::open("/dev/null", O_RDONLY);
        ::dup2(nothing, STDIN_FILENO);
        ::dup2(ends[1], STDOUT_FILENO);
        ::dup2(log, STDERR_FILENO);
        ::close(ends[0]);
        int status = 1;
        try {
            status = greet_and_serve(config, options, std::move(report), ends[1]);
        } catch (const Error& error) {
            std::cerr << "berth: " << error.user << (error.next.empty() ? "" : "\n" + error.next)
                      << std::endl;
        } catch (const std::exception& error) {
            std::cerr << "berth: " << error.what() << std::endl;
        }
        ::_exit(status);
    }
    ::close(ends[1]);
    std::string said;
    char buffer[4096];
    for (ssize_t count = 0; (count = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
        said.append(buffer, static_cast<std::size_t>(count));
        std::cout.write(buffer, count).flush();
    }
    ::close(ends[0]);
    if (said.find("Berth is ready") != std::string::npos) {
        say("It goes on in the background. Its log: " + log_path +
            " · stop it with: " + down_command(config));
        return 0;
    }
    std::cerr << text_from(log_path, before) << std::flush;
    return 1;
}

/// Hibernates what runs, and waits until nothing does.
void hibernate_sessions(const std::string& socket_path) {
    LocalServer server(socket_path);
    const auto until = SystemClock().now() + hibernate_limit;
    for (bool asked = false;; asked = true) {
        int running = 0;
        std::string cursor;
        do {
            const auto page = server.call(
                "GET", "/api/v1/sessions?all=true&limit=200" + (cursor.empty() ? "" : "&cursor=" + cursor));
            for (const auto& item : page.at("items").as_array()) {
                const std::string phase(item.at("status").at("phase").as_string());
                if (phase == "hibernated" || phase == "gone") continue;
                ++running;
                if (!asked && item.at("state").as_string() != "terminated")
                    server.call("POST",
                                "/api/v1/sessions/" + std::string(item.at("id").as_string()) + "/hibernate");
            }
            const auto* next = page.as_object().if_contains("next");
            cursor = next != nullptr && next->is_string() ? std::string(next->as_string()) : "";
        } while (!cursor.empty());
        if (running == 0) return;
        if (!asked) say(fmt::format("Hibernating {} sessions; their files stay", running));
        if (SystemClock().now() > until)
            throw Error(Kind::unavailable, "timed_out",
                        fmt::format("{} sessions are still not stopped", running), "see: berth ls --all");
        ::usleep(300'000);
    }
}

}  // namespace

int up(const Config& given, const UpOptions& options) {
    const auto config = with_defaults(given);
    if (const auto process = listener_of(data_path(config, "berth.sock"))) {
        say_running(config, *process, options);
        return 0;
    }
    require_address(config);
    return options.detach ? detached(config, options) : greet_and_serve(config, options, make_report(), -1);
}

int serve(const Config& given) {
    const auto config = with_defaults(given);
    // Beside a Berth of the same directory it is the directory that is in the way, as `Wire` says.
    if (!listener_of(data_path(config, "berth.sock"))) require_address(config);
    Wire wire(config);
    auto ready = [](Wire& running) -> Task<> { co_await say_ready(running); };
    wire.run(ready);
    return 0;
}

int down(const Config& given, bool sessions) {
    const auto config = with_defaults(given);
    const auto socket_path = data_path(config, "berth.sock");
    const auto server = listener_of(socket_path);
    if (!server) {
        say("no Berth runs with data directory " + config.data_directory);
        if (sessions) say("To stop sessions that go on without it, start it first: berth up --detach");
        return 0;
    }
    if (sessions) hibernate_sessions(socket_path);
    if (::kill(*server, SIGTERM) != 0)
        throw Error(Kind::forbidden, "forbidden",
                    fmt::format("process {} may not be stopped by this user", *server));
    const auto until = SystemClock().now() + stop_limit;
    while (::kill(*server, 0) == 0) {
        if (SystemClock().now() > until)
            throw Error(Kind::unavailable, "timed_out",
                        fmt::format("process {} has not stopped within {}", *server, to_string(stop_limit)));
        ::usleep(50'000);
    }
    say(sessions ? "Berth and its sessions have stopped; all files stay"
                 : "Berth has stopped; sessions go on");
    return 0;
}

}  // namespace berth
