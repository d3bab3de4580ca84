#pragma once

#include <iosfwd>
#include <map>
#include <string>

#include "base/secret_text.hpp"

namespace berth::cli {

/// Where the program runs: its streams, what they are connected to, and its environment. Tests bring their
/// own.
struct Console {
    std::ostream& out;
    std::ostream& err;
    int in = 0;  ///< Descriptor of standard input.
    bool in_terminal = false;
    bool out_terminal = false;
    bool err_terminal = false;
    std::size_t columns = 80;
    std::map<std::string, std::string> environment;

    /// The value of an environment variable; empty when it is not set.
    std::string variable(const std::string& name) const;
};

/// Standard input, output and error of this process.
Console system_console();

/// One line of standard input after `prompt` on standard error, without its newline. Reads no byte beyond it.
/// Throws `invalid` (`no_input`) at the end of the input.
std::string ask_line(Console& console, const std::string& prompt);

/// The same without showing what is typed. The terminal is as before afterwards, also when the program is
/// interrupted.
SecretText ask_secret(Console& console, const std::string& prompt);

/// True when the answer to `question` starts with y.
bool ask_yes(Console& console, const std::string& question);

/// All of standard input, at most `limit` bytes; throws `invalid` (`too_large`) above.
std::string read_input(Console& console, std::size_t limit);

/// The full path of an executable of that name on PATH, or empty.
std::string find_program(const Console& console, const std::string& name);

}  // namespace berth::cli
