#include "cli/login_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace berth::cli {
namespace {

[[noreturn]] void refuse_write(const std::string& path) {
    throw Error(Kind::unavailable, "login_file",
                fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

}  // namespace

LoginFile read_login_file(const std::string& path) {
    std::ifstream in(path);
    if (!in) return {};
    std::stringstream text;
    text << in.rdbuf();
    try {
        return json::from_json<LoginFile>(json::parse(text.str()));
    } catch (const Error& error) {
        throw Error(Kind::invalid, "bad_login_file", path + ": " + error.user,
                    "remove it and sign in again: berth login");
    }
}

void write_login_file(const std::string& path, const LoginFile& file) {
    const auto folder = std::filesystem::path(path).parent_path();
    std::error_code ec;
    std::filesystem::create_directories(folder.parent_path(), ec);
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) refuse_write(folder.string());
    const auto fresh = path + "." + std::to_string(getpid());
    const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) refuse_write(fresh);
    const auto text = json::write_pretty(json::to_json(file));
    const auto count = ::write(descriptor, text.data(), text.size());
    const bool whole = count == static_cast<ssize_t>(text.size()) && fsync(descriptor) == 0;
    if (::close(descriptor) != 0 || !whole || std::rename(fresh.c_str(), path.c_str()) != 0) {
        const int why = errno;
        unlink(fresh.c_str());
        errno = why;
        refuse_write(path);
    }
}

}  // namespace berth::cli
