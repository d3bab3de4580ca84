#include "model/template_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "model/limits.hpp"
#include "model/secret.hpp"

namespace berth {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& why, std::string next = {}) {
    throw Error(Kind::invalid, "invalid_field", path + ": " + why, std::move(next));
}

void check_secret(const std::string& name, const std::string& path) {
    if (!is_variable_name(name) || name.size() > limits::variable_max)
        refuse(path, quoted(name.substr(0, 128)) + " is not the name of a secret",
               "use letters, digits and _, and no digit first");
    if (name.starts_with("BERTH_")) refuse(path, "what begins with BERTH_ is set by Berth itself");
}

void check_secrets(const Component& component, const std::string& path) {
    if (component.secrets.size() > limits::items_max)
        refuse(path, fmt::format("at most {} are possible", limits::items_max));
    std::set<std::string> seen;
    for (std::size_t i = 0; i < component.secrets.size(); ++i) {
        const auto& name = component.secrets[i].name;
        const auto at = fmt::format("{}[{}].name", path, i);
        check_secret(name, at);
        if (!seen.insert(name).second) refuse(at, quoted(name) + " appears twice");
        if (component.env.contains(name)) refuse(at, "env sets " + quoted(name) + " too", "take one out");
    }
}

void check_file(const FileSpec& file, const std::string& path) {
    if (file.content.has_value() == file.secret.has_value())
        refuse(path, "expected exactly one of content and secret");
    if (file.secret) check_secret(*file.secret, path + ".secret");
    if (file.content && file.live) refuse(path + ".live", "only a secret changes while a session runs");
    if (file.content && file.content->find('\0') != std::string::npos)
        refuse(path + ".content", "holds a zero byte");
}

}  // namespace

std::string why_not_at(const std::string& path) {
    const bool control =
        std::ranges::any_of(path, [](unsigned char letter) { return letter < 32 || letter == 127; });
    const bool plain = path.starts_with('/') && path != "/" && path.find("/..") == std::string::npos &&
                       path.find("//") == std::string::npos && path.find(':') == std::string::npos &&
                       !control;
    if (!plain) return "path " + quoted(path) + " is not an absolute path below /";
    if (path.size() > limits::path_max) return fmt::format("longer than {} characters", limits::path_max);
    for (const auto taken : limits::taken_paths)
        if (path == taken || path.starts_with(std::string(taken) + "/"))
            return fmt::format("{} is taken", taken);
    return {};
}

void check_files(const Component& component, const std::string& path) {
    check_secrets(component, path + ".secrets");
    if (component.files.size() > limits::items_max)
        refuse(path + ".files", fmt::format("at most {} are possible", limits::items_max));
    std::vector<std::string> places;
    const auto place = [&](const std::string& target, const std::string& at) {
        if (const auto why = why_not_at(target); !why.empty()) refuse(at, why);
        if (target.ends_with('/')) refuse(at, "path " + quoted(target) + " ends in a slash");
        for (const auto& mount : component.mounts)
            if (mount.path == target) refuse(at, "a volume is mounted at " + quoted(target));
        for (const auto& other : places) {
            if (other == target) refuse(at, "path " + quoted(target) + " appears twice");
            if (other.starts_with(target + "/") || target.starts_with(other + "/"))
                refuse(at, fmt::format("{} and {} are one in the other", quoted(other), quoted(target)));
        }
        places.push_back(target);
    };
    for (std::size_t i = 0; i < component.files.size(); ++i) {
        const auto at = fmt::format("{}.files[{}]", path, i);
        check_file(component.files[i], at);
        place(component.files[i].path, at + ".path");
    }
    if (component.user_files) place(component.user_files->path, path + ".userFiles.path");
}

}  // namespace berth
