#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "init/box.hpp"
#include "init/client.hpp"
#include "init/request.hpp"
#include "init/signals.hpp"
#include "init/text.hpp"

namespace berth::init {

namespace {

constexpr int lost = 1;
constexpr int misused = 2;

/// Our own terminal in raw mode, put back when this goes. Does nothing when input is not a terminal.
class RawMode {
  public:
    RawMode() {
        if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
        termios raw = before_;
        ::cfmakeraw(&raw);
        active_ = ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
    }
    ~RawMode() {
        if (active_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
    }
    RawMode(const RawMode&) = delete;
    RawMode& operator=(const RawMode&) = delete;

  private:
    termios before_{};
    bool active_ = false;
};

WindowSize own_size() {
    winsize cells{};
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO}) {
        if (::ioctl(fd, TIOCGWINSZ, &cells) == 0 && cells.ws_row != 0) break;
    }
    return {.rows = cells.ws_row, .columns = cells.ws_col};
}

Text<32> cells(WindowSize size) {
    return Text<32>().add(size.rows).add(std::string_view("\0", 1)).add(size.columns);
}

class Attachment {
  public:
    explicit Attachment(Fd connection) : socket_(std::move(connection)) {}

    bool open() { return in_.open() && out_.open(); }

    /// False when the arguments are too long for one frame.
    bool ask(const char* id, const char* offset, int count, char** arguments) {
        Text<frame_max> payload;
        constexpr std::string_view nul("\0", 1);
        payload.add(id).add(nul).add(cells(own_size()).view()).add(nul).add(offset);
        for (int i = 0; i < count; ++i) payload.add(nul).add(arguments[i]);
        if (payload.view().size() == frame_max) return false;
        out_.put('T', {payload.view()});
        return true;
    }

    /// Until the terminal ends or somebody leaves; gives the status.
    int serve() {
        while (!status_) {
            pollfd ready[] = {
                {.fd = signals_.descriptor(), .events = POLLIN, .revents = 0},
                {.fd = screen_.empty() ? -1 : STDOUT_FILENO, .events = POLLOUT, .revents = 0},
                // A connection that is gone is always ready: look only when there is something to do about
                // it.
                {.fd = socket_events() != 0 ? socket_.get() : -1, .events = socket_events(), .revents = 0},
                // What is typed waits in our own terminal while the other one takes no more.
                {.fd = attached_ && out_.empty() ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0},
            };
            if (::poll(ready, std::size(ready), -1) < 0) continue;
            if (ready[0].revents != 0) on_signals();
            if (ready[1].revents != 0) write_screen();
            if (ready[2].revents != 0) on_socket(ready[2].revents);
            if (ready[3].revents != 0) on_input();
        }
        return *status_;
    }

  private:
    short socket_events() const {
        return static_cast<short>((screen_.empty() ? POLLIN : 0) | (out_.empty() ? 0 : POLLOUT));
    }

    void on_signals() {
        while (const auto signal = signals_.next()) {
            if (*signal == SIGWINCH && attached_ && out_.fits(32)) out_.put('r', {cells(own_size()).view()});
            const bool ends =
                *signal == SIGTERM || *signal == SIGHUP || *signal == SIGINT || *signal == SIGQUIT;
            if (ends) status_ = 128 + *signal;
        }
    }

    void on_input() {
        const auto room = out_.begin_frame(chunk_max);
        const auto got = ::read(STDIN_FILENO, room.data(), room.size());
        if (got > 0) {
            out_.end_frame('d', static_cast<std::size_t>(got));
        } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
            status_ = 0;  // The person left; the terminal lives on.
        }
    }

    void on_socket(int events) {
        if ((events & POLLOUT) != 0 && out_.flush(socket_.get()) == Moved::gone) out_.close(), out_.open();
        if ((events & (POLLIN | POLLHUP | POLLERR)) == 0 || !screen_.empty()) return;
        const auto moved = in_.receive(socket_.get());
        if (moved == Moved::all) return take_frames();
        if (moved == Moved::some) return;
        complain({"the connection is lost"});
        status_ = lost;
    }

    void take_frames() {
        while (!status_ && screen_.empty()) {
            const auto found = scan(in_.bytes());
            if (found.outcome == Scanned::partial) return;
            if (found.outcome == Scanned::oversized) {
                complain({"the other side does not speak our protocol"});
                status_ = lost;
                return;
            }
            take(found.frame);
            in_.consume(found.size);
        }
    }

    void take(const Frame& frame) {
        switch (frame.kind) {
            case 'O':
                attached_ = true;
                break;
            case 'd':
                screen_ = frame.payload;
                break;  // Stays in the inbox until it is written.
            case 'x':
                status_ = static_cast<int>(number(frame.payload, 255).value_or(lost));
                break;
            case 'E': {
                Fields fields(frame.payload);
                fields.next();
                complain({fields.next().value_or("refused")});
                status_ = lost;
                break;
            }
            default:
                break;  // A gap: what comes next redraws or scrolls on.
        }
    }

    void write_screen() {
        const auto written = write_some(STDOUT_FILENO, screen_.data(), screen_.size());
        if (written < 0) {
            if (errno != EINTR && errno != EAGAIN) status_ = lost;
            return;
        }
        screen_.remove_prefix(static_cast<std::size_t>(written));
        if (screen_.empty()) take_frames();
    }

    Fd socket_;
    Signals signals_;
    Inbox in_;
    Outbox out_;
    std::string_view screen_;  ///< Output on its way to the screen, in `in_`.
    bool attached_ = false;
    std::optional<int> status_;
};

}  // namespace

int attach(int count, char** arguments, const char* socket_path) {
    const char* offset = "";
    if (count >= 2 && std::strcmp(arguments[0], "--offset") == 0) {
        offset = arguments[1];
        arguments += 2;
        count -= 2;
    }
    if (count < 1 || (*offset != '\0' && !number(offset))) {
        complain({"usage: berth-init attach [--offset N] ID [PROGRAM ARGS...]"});
        return misused;
    }
    auto connection = connect_to(socket_path);
    if (!connection) {
        complain_about(socket_path, errno);
        return lost;
    }
    Attachment attachment(std::move(connection));
    if (!attachment.open()) {
        complain({"no memory"});
        return lost;
    }
    if (!attachment.ask(arguments[0], offset, count - 1, arguments + 1)) {
        complain({"the arguments are too long"});
        return misused;
    }
    const RawMode raw;
    return attachment.serve();
}

}  // namespace berth::init
