#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "init/group.hpp"
#include "init/limits.hpp"
#include "init/poll_set.hpp"
#include "init/pty.hpp"
#include "init/request.hpp"
#include "init/ring.hpp"
#include "init/text.hpp"

namespace berth::init {

/// A program on a pseudo-terminal of its own, and the last of what it wrote. It knows nothing of clients.
struct Terminal {
    enum class State { unused, live, ended };

    State state = State::unused;
    std::array<char, id_max> id_bytes;
    std::size_t id_size = 0;
    pid_t pid = 0;
    Pty pty;
    Ring ring;
    WindowSize size;
    Text<command_max> command;
    int status = 0;               ///< Once ended.
    std::uint64_t ended_as = 0;   ///< Once ended: how many had ended before.
    std::optional<Time> kill_at;  ///< When it was told to go, also past its end.
    Groups doomed;                ///< Whom that kills.
    bool input_waits = false;     ///< In this round somebody has input that it did not take.
    int place = -1;               ///< In the poll set.

    std::string_view id() const { return {id_bytes.data(), id_size}; }

    /// Writes input; gives how many bytes it took, which may be none. What has ended takes everything.
    std::size_t input(std::string_view bytes);

    /// Reads once what the program wrote; true when there was something.
    bool read();
};

/// All terminals: at most `terminals_max` live ones and the last `ended_terminals_max` ended ones.
class Terminals {
  public:
    struct Opened {
        Terminal* terminal = nullptr;
        bool created = false;
        Refusal refusal;
    };

    /// The live or ended terminal of that name, or null.
    Terminal* find(std::string_view id);

    /// The terminal that a request T means, made when there is none or only an ended one that nobody asks to
    /// continue. `forget` is called with an ended terminal before it goes.
    template <class Forget>
    Opened open(const Request& request, Forget&& forget);

    /// Adds `id NUL pid NUL rows NUL columns NUL command NUL` for each live one.
    void list(Text<8192>& into) const;

    /// Tells a live terminal's programs to go, and kills those that are left after `kill_time`.
    void close(Terminal& terminal, Time now);
    void close_all(Time now);

    /// A process has ended; the terminal whose program it was, or null.
    Terminal* ended(pid_t pid, int status);

    /// The oldest ended terminal when there are more than are remembered, or null.
    Terminal* surplus();
    void forget(Terminal& terminal);

    void watch(PollSet& poll);
    /// Kills what is due.
    void tick(Time now);
    /// SIGKILL to whatever is left.
    void kill_all();

    bool any_live() const;

    Terminal* begin() { return all_.data(); }
    Terminal* end() { return all_.data() + all_.size(); }

  private:
    Opened make(const Request& request);

    // One more ended than is remembered: it goes right after the clients of the newest were told.
    std::array<Terminal, terminals_max + ended_terminals_max + 1> all_;
    std::uint64_t ended_count_ = 0;
};

template <class Forget>
Terminals::Opened Terminals::open(const Request& request, Forget&& forget) {
    auto* known = find(request.id);
    if (known != nullptr && known->state == Terminal::State::ended && !request.offset) {
        forget(*known);
        known = nullptr;
    }
    if (known == nullptr) return make(request);
    if (known->state == Terminal::State::live) known->size = resize(known->pty.master.get(), request.size);
    return {.terminal = known, .created = false, .refusal = {}};
}

}  // namespace berth::init
