#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

#include "init/client.hpp"
#include "init/run.hpp"
#include "init/text.hpp"
#include "init/version.hpp"

namespace {

constexpr std::string_view usage =
    "usage: berth-init run [--] PROGRAM ARGS...\n"
    "       berth-init attach [--offset N] ID [PROGRAM ARGS...]\n"
    "       berth-init relay\n"
    "       berth-init version\n";

int say(int to, std::string_view words) {
    return ::write(to, words.data(), words.size()) == static_cast<ssize_t>(words.size()) ? 0 : 1;
}

const char* socket_path() {
    const char* given = std::getenv("BERTH_INIT_SOCKET");
    return given != nullptr && *given != '\0' ? given : "/run/berth/init.sock";
}

}  // namespace

int main(int count, char** arguments) {
    namespace init = berth::init;
    const std::string_view verb = count > 1 ? arguments[1] : "";
    if (verb == "run") {
        const bool dashes = count > 2 && std::strcmp(arguments[2], "--") == 0;
        char** program = arguments + (dashes ? 3 : 2);
        if (*program != nullptr) return init::run(program, socket_path());
    }
    if (verb == "attach") return init::attach(count - 2, arguments + 2, socket_path());
    if (verb == "relay") return init::relay(socket_path());
    if (verb == "version") {
        init::Text<64> line;
        return say(STDOUT_FILENO, line.add(init::version).add("\n").view());
    }
    say(STDERR_FILENO, usage);
    return 2;
}
