// What is asked of a template that has been read.

#include <fmt/format.h>

#include <algorithm>

#include "model/template.hpp"

namespace berth {

const Access* default_access(const TemplateSpec& spec) {
    for (const auto& access : spec.access)
        if (access.default_) return &access;
    return spec.access.empty() ? nullptr : &spec.access.front();
}

const Component* find_component(const TemplateSpec& spec, std::string_view name) {
    for (const auto& component : spec.components)
        if (component.name == name) return &component;
    return nullptr;
}

const Port* find_port(const Component& component, std::string_view name) {
    for (const auto& port : component.ports)
        if (port.name == name) return &port;
    return nullptr;
}

std::string step_name(const std::string& component, std::size_t number) {
    return fmt::format("{}-init-{}", component, number);
}

const VolumeSpec* init_volume(const TemplateSpec& spec, const Component& component) {
    for (const auto scope : {VolumeScope::workspace, VolumeScope::session})
        for (const auto& mount : component.mounts)
            for (const auto& volume : spec.volumes)
                if (volume.name == mount.volume && volume.scope == scope && !mount.read_only) return &volume;
    return nullptr;
}

std::vector<std::string> images_of(const TemplateSpec& spec) {
    std::vector<std::string> images;
    const auto add = [&](const std::string& image) {
        if (std::find(images.begin(), images.end(), image) == images.end()) images.push_back(image);
    };
    for (const auto& component : spec.components) {
        for (const auto& step : component.init) add(step.image);
        add(component.image);
    }
    return images;
}

}  // namespace berth
