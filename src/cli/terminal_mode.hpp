#pragma once

#include <termios.h>

#include <optional>

namespace berth::cli {

/// A terminal in raw mode for as long as this lives: keys go to the program at the other end.
class RawTerminal {
  public:
    explicit RawTerminal(int descriptor);
    ~RawTerminal();
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

  private:
    int descriptor_;
    std::optional<termios> before_;
};

struct TerminalSize {
    int rows = 24, columns = 80;
};

/// The size of the terminal behind a descriptor; 24 by 80 where there is none.
TerminalSize terminal_size(int descriptor);

}  // namespace berth::cli
