#include "model/activity_rule.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/limits.hpp"

namespace berth {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& why, std::string next = {}) {
    throw Error(Kind::invalid, "invalid_field", path + ": " + why, std::move(next));
}

void check_length(const std::string& path, const std::string& text) {
    if (text.size() > limits::path_max) refuse(path, fmt::format("longer than {} bytes", limits::path_max));
}

/// What can stand in a request line: a path with whatever `but` leaves.
void check_target(const std::string& path, const std::string& target, std::string_view but) {
    if (!target.starts_with('/')) refuse(path, "expected a path that starts with /");
    const bool plain = std::all_of(target.begin(), target.end(), [&](unsigned char c) {
        return c > 32 && c < 127 && but.find(static_cast<char>(c)) == std::string_view::npos;
    });
    if (!plain) refuse(path, fmt::format("{} has a blank, one of {}, or no ASCII", quoted(target), but));
    check_length(path, target);
}

/// RFC 6901.
void check_pointer(const std::string& path, const std::string& pointer) {
    bool fine = pointer.empty() || pointer.starts_with('/');
    for (auto at = pointer.find('~'); at != std::string::npos; at = pointer.find('~', at + 1))
        fine = fine && (pointer.substr(at + 1, 1) == "0" || pointer.substr(at + 1, 1) == "1");
    if (!fine) refuse(path, quoted(pointer) + " is not a JSON pointer", "write it like /status/lastActive");
    check_length(path, pointer);
}

}  // namespace

void check_activity(const Access& access, const std::string& path) {
    if (!access.activity) return;
    const auto& [ignore, probe] = *access.activity;
    if (access.kind != AccessKind::web)
        refuse(path, "only an access of kind web has one: of the others keys and pointer count");
    if (ignore.empty() && !probe) refuse(path, "expected ignore, probe or both");
    if (ignore.size() > limits::items_max)
        refuse(path + ".ignore", fmt::format("at most {} are possible", limits::items_max));
    for (std::size_t i = 0; i < ignore.size(); ++i)
        check_target(fmt::format("{}.ignore[{}]", path, i), ignore[i], "?#");
    if (!probe) return;
    check_target(path + ".probe.path", probe->path, "#");
    check_pointer(path + ".probe.jsonPointer", probe->json_pointer);
}

}  // namespace berth
