#include "base/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <system_error>

#include "base/timeout.hpp"

namespace berth {
namespace {

constexpr std::size_t output_max = 64u << 10;
constexpr int terminate_limit = 5000;  // Milliseconds.

using Descriptor = asio::posix::stream_descriptor;

Error cannot_run(const std::string& program, int error) {
    if (error == ENOENT)
        return Error(Kind::unavailable, "program_not_found", quoted(program) + " is not installed",
                     "install it");
    return Error(Kind::unavailable, "cannot_run",
                 fmt::format("cannot run {}: {}", quoted(program), std::generic_category().message(error)));
}

/// argv and envp of a program; points into the strings it was made of.
std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> list;
    list.reserve(texts.size() + 1);
    for (auto& text : texts) list.push_back(text.data());
    list.push_back(nullptr);
    return list;
}

std::vector<std::string> environment(const std::map<std::string, std::string>& added,
                                     const std::string& without) {
    std::vector<std::string> list;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        if (!without.empty() && text.starts_with(without)) continue;
        if (!added.contains(std::string(text.substr(0, text.find('='))))) list.emplace_back(text);
    }
    for (const auto& [name, value] : added) list.push_back(fmt::format("{}={}", name, value));
    return list;
}

/// What a program reads and writes.
struct Streams {
    int input, output, errors;
};

/// Starts it in a process group of its own with the given descriptors, default signals and an empty mask;
/// in our own directory where none is named.
int spawn(std::vector<std::string> arguments, std::vector<std::string> variables, const Streams& streams,
          const std::string& directory = {}) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (!directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
    posix_spawn_file_actions_adddup2(&actions, streams.input, 0);
    posix_spawn_file_actions_adddup2(&actions, streams.output, 1);
    posix_spawn_file_actions_adddup2(&actions, streams.errors, 2);
    // The sockets that Asio opens are not close-on-exec; a child that kept the listener would keep the port.
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int pid = -1;
    const int error = ::posix_spawnp(&pid, arguments.front().c_str(), &actions, &attributes,
                                     pointers(arguments).data(), pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw cannot_run(arguments.front(), error);
    return pid;
}

/// Two ends, each closed unless released.
struct Pipe {
    int read = -1, write = -1;
    Pipe() = default;
    void open() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw cannot_run("pipe", errno);
        read = ends[0];
        write = ends[1];
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
        if (read >= 0) ::close(read);
        if (write >= 0) ::close(write);
    }
    static int release(int& end) { return std::exchange(end, -1); }
};

/// Kills what still runs and reaps it.
struct Reaper {
    int pid = -1;
    ~Reaper() {
        if (pid < 0) return;
        ::kill(-pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
};

/// A file in memory that holds `input`: whatever the program reads of it, nothing blocks and no pipe breaks.
int input_of(const std::string& input) {
    const int file = ::memfd_create("berth-input", MFD_CLOEXEC);
    if (file < 0) throw cannot_run("memfd", errno);
    for (std::size_t at = 0; at < input.size();) {
        const auto count = ::write(file, input.data() + at, input.size() - at);
        if (count <= 0) break;
        at += static_cast<std::size_t>(count);
    }
    ::lseek(file, 0, SEEK_SET);
    return file;
}

using Piece = std::function<void(std::string_view bytes)>;

/// Keeps the last of what comes.
Piece keep_last(std::string& kept) {
    return [&kept](std::string_view bytes) {
        kept += bytes;
        if (kept.size() > 2 * output_max) kept.erase(0, kept.size() - output_max);
    };
}

/// Tells of each line once it is whole; of what comes after the last one at the end, which an empty piece is.
Piece tell_lines(const std::function<void(const std::string& line)>& line) {
    return [&line, open = std::string()](std::string_view bytes) mutable {
        if (!line) return;
        if (bytes.empty() && !open.empty()) line(std::exchange(open, {}));
        open += bytes;
        for (auto end = open.find('\n'); end != std::string::npos; end = open.find('\n')) {
            line(open.substr(0, end));
            open.erase(0, end + 1);
        }
        if (open.size() > output_max) open.clear();
    };
}

Task<> read_all(Descriptor& from, Piece piece) {
    std::array<char, 16384> bytes{};
    while (true) {
        boost::system::error_code ec;
        const auto count =
            co_await from.async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
        piece(std::string_view(bytes.data(), ec ? 0 : count));
        if (ec) co_return;
    }
}

/// Throws what the first did where one ended the other.
Task<> read_both(Descriptor& first, Piece one, Descriptor& second, Piece other) {
    using namespace asio::experimental::awaitable_operators;
    try {
        co_await (read_all(first, std::move(one)) && read_all(second, std::move(other)));
    } catch (const asio::multiple_exceptions& all) {
        std::rethrow_exception(all.first_exception());
    }
}

Task<ChildResult> run(ChildRequest request) {
    const auto executor = co_await asio::this_coro::executor;
    ChildResult result;
    const bool apart = request.output == ChildRequest::Output::apart;
    Pipe output, errors;
    output.open();
    if (apart) errors.open();
    Reaper child;
    {
        Pipe input;
        input.read = input_of(request.input);
        child.pid = spawn(request.arguments, environment(request.env, request.without),
                          {input.read, output.write, apart ? errors.write : output.write});
    }
    ::close(Pipe::release(output.write));
    Descriptor reading(executor, Pipe::release(output.read));
    auto lines = tell_lines(request.line);
    auto last = keep_last(result.output);
    if (apart) {
        ::close(Pipe::release(errors.write));
        Descriptor beside(executor, Pipe::release(errors.read));
        co_await read_both(reading, lines, beside, last);
    } else {
        auto both = [&](std::string_view bytes) {
            last(bytes);
            lines(bytes);
        };
        co_await read_all(reading, both);
    }
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0));
    if (pidfd >= 0) {
        Descriptor ended(executor, pidfd);
        co_await ended.async_wait(Descriptor::wait_read, asio::use_awaitable);
    }
    int status = 0;
    ::waitpid(std::exchange(child.pid, -1), &status, 0);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (result.output.size() > output_max) result.output.erase(0, result.output.size() - output_max);
    co_return result;
}

}  // namespace

std::string ChildResult::last_lines(int count) const {
    std::vector<std::string> lines;
    std::string_view rest = output;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        if (const auto line = rest.substr(0, end); line.find_first_not_of(" \t\r") != line.npos)
            lines.emplace_back(line);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (lines.size() > static_cast<std::size_t>(count)) lines.erase(lines.begin(), lines.end() - count);
    return fmt::format("{}", fmt::join(lines, "; "));
}

Task<ChildResult> run_child(ChildRequest request, Clock& clock, Duration limit) {
    auto what = quoted(request.arguments.front());
    auto work = run(std::move(request));
    co_return co_await finish_within(clock, limit, std::move(what), std::move(work));
}

BackgroundChild::BackgroundChild(std::vector<std::string> arguments, std::map<std::string, std::string> env,
                                 std::string log_path) {
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    const int error = errno;
    if (nothing < 0 || log < 0) {
        if (nothing >= 0) ::close(nothing);
        throw Error(
            Kind::unavailable, "cannot_run",
            fmt::format("cannot write {}: {}", quoted(log_path), std::generic_category().message(error)));
    }
    try {
        const auto directory = log_path.substr(0, log_path.rfind('/') + 1);
        pid_ = spawn(std::move(arguments), environment(env, {}), {nothing, log, log}, directory);
    } catch (...) {
        ::close(nothing);
        ::close(log);
        throw;
    }
    ::close(nothing);
    ::close(log);
}

BackgroundChild::~BackgroundChild() {
    if (!running()) return;
    terminate();
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    pollfd ended{process, POLLIN, 0};
    const bool obeyed = process >= 0 && ::poll(&ended, 1, terminate_limit) == 1;
    if (process >= 0) ::close(process);
    if (!obeyed) ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

bool BackgroundChild::running() {
    if (pid_ < 0) return false;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == 0) return true;
    pid_ = -1;
    return false;
}

void BackgroundChild::terminate() {
    if (pid_ > 0) ::kill(pid_, SIGTERM);
}

}  // namespace berth
