#include "cli/terminal_mode.hpp"

#include <sys/ioctl.h>

namespace berth::cli {

RawTerminal::RawTerminal(int descriptor) : descriptor_(descriptor) {
    termios mode{};
    if (tcgetattr(descriptor_, &mode) != 0) return;
    before_ = mode;
    cfmakeraw(&mode);
    tcsetattr(descriptor_, TCSADRAIN, &mode);
}

RawTerminal::~RawTerminal() {
    if (before_) tcsetattr(descriptor_, TCSADRAIN, &*before_);
}

TerminalSize terminal_size(int descriptor) {
    winsize size{};
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {};
    return {size.ws_row, size.ws_col};
}

}  // namespace berth::cli
