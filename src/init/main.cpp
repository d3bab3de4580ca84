#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "init/client.hpp"
#include "init/frame.hpp"
#include "init/run.hpp"
#include "init/text.hpp"
#include "init/version.hpp"

namespace {

constexpr std::string_view usage =
    "usage: berth-init run [--wait] [--tcp PORT --key-file PATH] [--] PROGRAM ARGS...\n"
    "       berth-init serve --tcp PORT --key-file PATH\n"
    "       berth-init attach [--offset N] ID [PROGRAM ARGS...]\n"
    "       berth-init relay\n"
    "       berth-init copy DEST\n"
    "       berth-init version\n";

int say(int to, std::string_view words) {
    return ::write(to, words.data(), words.size()) == static_cast<ssize_t>(words.size()) ? 0 : 1;
}

const char* socket_path() {
    const char* given = std::getenv("BERTH_INIT_SOCKET");
    return given != nullptr && *given != '\0' ? given : "/run/berth/init.sock";
}

/// `--wait` comes before the other options.
berth::init::Begin take_wait(char**& words) {
    using enum berth::init::Begin;
    if (words[0] == nullptr || std::string_view(words[0]) != "--wait") return at_once;
    ++words;
    return when_delivered;
}

/// Takes the options off the front of `words`; false when they are wrong. A port and a key go together.
bool take_options(char**& words, berth::init::Doors& doors) {
    using std::string_view_literals::operator""sv;
    for (; words[0] != nullptr && words[0][0] == '-'; words += 2) {
        if (words[0] == "--"sv) {
            ++words;
            break;
        }
        if (words[1] == nullptr) return false;
        if (words[0] == "--tcp"sv) {
            doors.port = static_cast<std::uint16_t>(berth::init::number(words[1], UINT16_MAX).value_or(0));
            if (doors.port == 0) return false;
        } else if (words[0] == "--key-file"sv) {
            doors.key_path = words[1];
        } else {
            return false;
        }
    }
    return (doors.port != 0) == (doors.key_path != nullptr);
}

}  // namespace

int main(int count, char** arguments) {
    namespace init = berth::init;
    const std::string_view verb = count > 1 ? arguments[1] : "";
    init::Doors doors{.socket_path = socket_path()};
    char** words = arguments + (count > 1 ? 2 : 1);
    if (verb == "run") {
        const auto begin = take_wait(words);
        if (take_options(words, doors) && *words != nullptr) return init::run(words, doors, begin);
    }
    if (verb == "serve" && take_options(words, doors) && *words == nullptr && doors.port != 0) {
        return init::serve(doors);
    }
    if (verb == "copy" && count == 3) return init::copy(arguments[2]);
    if (verb == "attach") return init::attach(count - 2, arguments + 2, socket_path());
    if (verb == "relay") return init::relay(socket_path());
    if (verb == "version") {
        init::Text<64> line;
        return say(STDOUT_FILENO, line.add(init::version).add("\n").view());
    }
    say(STDERR_FILENO, usage);
    return 2;
}
