#include "plan/values.hpp"

#include <fmt/format.h>

#include <vector>

#include "base/error.hpp"

namespace berth::plan {
namespace {

std::string_view url_scheme(Scheme scheme) {
    switch (scheme) {
        case Scheme::http:
            return "http";
        case Scheme::ws:
            return "ws";
        case Scheme::vnc:
            return "vnc";
        case Scheme::ssh:
            return "ssh";
        case Scheme::tcp:
            return "tcp";
    }
    return "tcp";
}

const std::string& look_up(std::string_view name, const Values& values) {
    if (const auto found = values.find(name); found != values.end()) return found->second;
    std::vector<std::string_view> names;
    for (const auto& entry : values) names.push_back(entry.first);
    const auto near = nearest(name, names);
    throw Error(Kind::invalid, "unknown_value", fmt::format("${{{}}} stands for nothing", name),
                near.empty() ? "" : fmt::format("did you mean ${{{}}}?", near));
}

}  // namespace

Values component_values(const TemplateSpec& spec) {
    Values values;
    for (const auto& component : spec.components) {
        const auto prefix = "components." + component.name;
        values[prefix + ".host"] = component.name;
        for (const auto& port : component.ports) {
            const auto stem = prefix + ".ports." + port.name;
            values[stem + ".host"] = component.name;
            values[stem + ".port"] = std::to_string(port.port);
            values[stem + ".url"] =
                fmt::format("{}://{}:{}", url_scheme(port.scheme), component.name, port.port);
        }
    }
    return values;
}

std::string expand(std::string_view text, const Values& values) {
    std::string result;
    while (!text.empty()) {
        const auto dollar = text.find("${");
        result += text.substr(0, dollar);
        if (dollar == std::string_view::npos) break;
        if (dollar > 0 && text[dollar - 1] == '$') {
            result += '{';
            text.remove_prefix(dollar + 2);
            continue;
        }
        const auto end = text.find('}', dollar);
        if (end == std::string_view::npos)
            throw Error(Kind::invalid, "unknown_value",
                        quoted(text.substr(dollar, 40)) + " has no closing brace");
        result += look_up(text.substr(dollar + 2, end - dollar - 2), values);
        text.remove_prefix(end + 1);
    }
    return result;
}

void check_values(const TemplateSpec& spec) {
    auto values = component_values(spec);
    for (const auto* name : {"user.name", "user.id", "session.name", "session.id", "session.url"})
        values[name] = "x";
    for (const auto& component : spec.components) {
        for (const auto& [name, text] : component.env) expand(text, values);
        for (const auto& file : component.files)
            if (file.content) expand(*file.content, values);
        for (const auto& argument : component.args.value_or(std::vector<std::string>{}))
            expand(argument, values);
        const auto command = component.command.value_or(std::vector<std::string>{});
        for (std::size_t i = 1; i < command.size(); ++i) expand(command[i], values);
        for (const auto& step : component.init) {
            for (std::size_t i = 1; i < step.command.size(); ++i) expand(step.command[i], values);
            for (const auto& argument : step.args) expand(argument, values);
            for (const auto& [name, text] : step.env) expand(text, values);
        }
    }
}

}  // namespace berth::plan
