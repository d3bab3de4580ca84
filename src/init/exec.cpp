#include "init/exec.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "init/pty.hpp"
#include "init/spawn.hpp"

namespace berth::init {

namespace {

/// The program's ends of its three streams, and ours.
struct Streams {
    std::array<Fd, 3> theirs;
    std::array<Fd, 3> ours;
};

Refusal open_pipes(Streams& streams) {
    for (std::size_t i = 0; i < 3; ++i) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) return {errno, "no pipes for another program"};
        Fd from(ends[0]);
        Fd to(ends[1]);
        streams.theirs[i] = std::move(i == 0 ? from : to);
        streams.ours[i] = std::move(i == 0 ? to : from);
        ::fcntl(streams.ours[i].get(), F_SETFL, O_NONBLOCK);
    }
    return {};
}

Refusal open_terminal(WindowSize size, Streams& streams) {
    Pty pty;
    if (const auto refusal = open_pty(size, pty)) return refusal;
    streams.ours[0] = Fd(::fcntl(pty.master.get(), F_DUPFD_CLOEXEC, 3));
    if (!streams.ours[0]) return {errno, "no descriptor for another terminal"};
    streams.ours[1] = std::move(pty.master);
    streams.theirs[0] = std::move(pty.slave);
    return {};
}

Refusal why(const Spawned& spawned) {
    switch (spawned.step) {
        case Step::directory:
            return {spawned.error, "the working directory cannot be entered"};
        case Step::program:
            return {spawned.error, "the program cannot be started"};
        default:
            return {spawned.error, "the program's input and output cannot be set up"};
    }
}

Spawned spawn_on(const Streams& streams, const Request& request) {
    // What the client says about TERM comes later, and so counts.
    std::array<char*, environment_max + terminal_variables.size() + 1> variables{};
    auto* end = variables.data();
    if (request.on_terminal) end = std::ranges::copy(terminal_variables, end).out;
    for (auto* const* pair = request.variables.data(); *pair != nullptr; ++pair) *end++ = *pair;
    const auto& theirs = streams.theirs;
    const int slave = theirs[0].get();
    return spawn({.place = request.on_terminal ? Place::terminal : Place::session,
                  .file = request.arguments[0],
                  .arguments = request.arguments.data(),
                  .variables = variables.data(),
                  .directory = request.directory,
                  .standard = {slave, request.on_terminal ? slave : theirs[1].get(),
                               request.on_terminal ? slave : theirs[2].get()}});
}

}  // namespace

std::size_t Exec::write_input(std::string_view bytes) {
    if (!input) return bytes.size();
    const auto took = ::write(input.get(), bytes.data(), bytes.size());
    if (took >= 0) return static_cast<std::size_t>(took);
    if (errno == EAGAIN || errno == EINTR) return 0;
    input.reset();  // The program reads no more. It need not: no error.
    return bytes.size();
}

void Exec::close_input() {
    if (!on_terminal) {
        input.reset();
        return;
    }
    termios modes{};
    const bool known = input && ::tcgetattr(input.get(), &modes) == 0;
    const char end_of_file = known ? static_cast<char>(modes.c_cc[VEOF]) : '\x04';
    write_input({&end_of_file, 1});
}

Groups Exec::groups() const {
    return groups_of(pid, on_terminal ? output.get() : -1);
}

void Exec::signal(int number) const {
    ::kill(-pid, number);
}

void Exec::watch(PollSet& poll, bool wants_output, bool input_waits) {
    // A closed pipe is always ready: what is not wanted is not waited for at all, or the loop would spin.
    input_place = input && input_waits ? poll.add(input.get(), POLLOUT) : -1;
    output_place = output && wants_output ? poll.add(output.get(), POLLIN) : -1;
    errors_place = errors && wants_output ? poll.add(errors.get(), POLLIN) : -1;
}

void Exec::read_stream(Fd& stream, char kind, Outbox& into) {
    if (!stream || !into.fits(chunk_max)) return;
    const auto room = into.begin_frame(chunk_max);
    const auto got = ::read(stream.get(), room.data(), room.size());
    if (got > 0) {
        into.end_frame(kind, static_cast<std::size_t>(got));
        // What it left in the background on its terminal may write for ever.
        if (on_terminal && status) last_words += static_cast<std::size_t>(got);
        if (last_words > last_words_max) stream.reset();
        return;
    }
    const bool empty = got < 0 && (errno == EAGAIN || errno == EINTR);
    // A terminal's slave is held open by us: with the program gone, empty is the end.
    if (!empty || (on_terminal && status)) stream.reset();
}

void Exec::read(const PollSet& poll, Outbox& into) {
    if (poll.events(output_place) != 0) read_stream(output, '1', into);
    // Nothing would wake us for the end of a terminal that we hold open ourselves.
    while (on_terminal && status && output && into.fits(chunk_max)) read_stream(output, '1', into);
    if (poll.events(errors_place) != 0) read_stream(errors, '2', into);
}

Execs::Started Execs::start(const Request& request) {
    const auto refused = [](Refusal refusal) { return Started{nullptr, refusal}; };
    const auto free = std::ranges::find(all_, Exec::State::unused, &Exec::state);
    if (free == all_.end()) return refused({EAGAIN, "64 programs are running"});
    Streams streams;
    const auto opened = request.on_terminal ? open_terminal(request.size, streams) : open_pipes(streams);
    if (opened) return refused(opened);
    const auto spawned = spawn_on(streams, request);
    if (spawned.error != 0) return refused(why(spawned));

    Exec& exec = *free;
    exec = Exec();
    exec.state = Exec::State::attached;
    exec.pid = spawned.pid;
    exec.on_terminal = request.on_terminal;
    exec.input = std::move(streams.ours[0]);
    exec.output = std::move(streams.ours[1]);
    exec.errors = std::move(streams.ours[2]);
    if (request.on_terminal) exec.slave = std::move(streams.theirs[0]);
    return {.exec = &exec, .refusal = {}};
}

void Execs::abandon(Exec& exec, Time now) {
    exec.doomed = exec.groups();
    hang_up(exec.doomed);
    exec.input.reset();
    exec.output.reset();
    exec.errors.reset();
    exec.slave.reset();
    exec.state = Exec::State::abandoned;
    exec.kill_at = now + kill_time;
}

bool Execs::ended(pid_t pid, int status) {
    for (auto& exec : all_) {
        if (exec.state == Exec::State::unused || exec.pid != pid || exec.status) continue;
        exec.status = status;
        return true;
    }
    return false;
}

void Execs::hang_up_all() {
    for (auto& exec : all_) {
        if (exec.state == Exec::State::attached) hang_up(exec.groups());
    }
}

void Execs::kill_all() {
    for (auto& exec : all_) {
        if (exec.state == Exec::State::attached) kill(exec.groups());
        if (exec.state == Exec::State::abandoned) kill(exec.doomed);
    }
}

void Execs::watch(PollSet& poll) {
    for (auto& exec : all_) {
        exec.input_place = exec.output_place = exec.errors_place = -1;
        if (exec.kill_at) poll.wake_at(*exec.kill_at);
    }
}

void Execs::tick(Time now) {
    for (auto& exec : all_) {
        if (exec.state != Exec::State::abandoned) continue;
        if (exec.kill_at && now >= *exec.kill_at) {
            kill(exec.doomed);
            exec.kill_at.reset();
        }
        if (exec.status && (!exec.kill_at || !exists(exec.doomed))) forget(exec);
    }
}

bool Execs::any() const {
    return std::ranges::any_of(all_, [](const Exec& exec) { return exec.state != Exec::State::unused; });
}

}  // namespace berth::init
