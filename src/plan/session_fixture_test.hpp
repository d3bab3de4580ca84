#pragma once

#include <gtest/gtest.h>

#include <utility>

#include "plan/diff.hpp"
#include "plan/session.hpp"

/// For tests: a session of two components, and an engine that does what it is told.
namespace berth::plan::test {

using namespace std::chrono_literals;

inline const Time start{std::chrono::hours(500'000)};

inline TemplateSpec two_components() {
    TemplateSpec spec;
    spec.components = {{.name = "model",
                        .image = "m:1",
                        .ports = {{"rpc", 8081, Scheme::ws}},
                        .readiness = Probe{.tcp = "rpc"}},
                       {.name = "web", .image = "w:1", .ports = {{"http", 80, Scheme::http}}}};
    spec.components[1].env["MODEL"] = "${components.model.ports.rpc.url} for ${user.name}";
    spec.components[1].mounts = {{"home", "/home/berth"}};
    spec.volumes = {{.name = "home"}};
    spec.access = {{.name = "page", .component = "web", .port = "http"}};
    spec.lifecycle.start_within = 1min;
    return spec;
}

inline Facts facts() {
    Facts facts;
    facts.session = {.id = {"ses_1"},
                     .user = {"usr_1"},
                     .name = "lab",
                     .template_ = "two",
                     .asks = {.wake = start},
                     .asked_at = start};
    facts.revision = {.name = "two", .spec = two_components()};
    facts.user_name = "ada";
    facts.volumes = {{.handle = "berth-home", .name = "home"}};
    facts.url = "http://lab-x.localhost:8080";
    return facts;
}

inline ObservedImage present(const std::string& digest) {
    return {.state = ImageState::present, .digest = digest};
}

/// What an engine would show after it has made `changes` and a while has passed.
inline Observed after(const Changes& changes, Observed have, Time now, bool ready = true) {
    for (const auto& change : changes) {
        if (const auto* image = std::get_if<PrepareImage>(&change))
            have.images[image->image] = present("sha256:" + image->image);
        if (std::holds_alternative<CreateNetwork>(change)) have.network = true;
        if (std::holds_alternative<RemoveNetwork>(change)) have.network = false;
        if (const auto* published = std::get_if<PublishHosts>(&change)) have.hosts = published->hosts;
        if (std::holds_alternative<WithdrawHosts>(change)) have.hosts.emplace();
        if (const auto* volume = std::get_if<CreateVolume>(&change))
            have.volumes.push_back(volume->volume.handle);
        if (const auto* made = std::get_if<StartComponent>(&change))
            have.components.push_back({.name = made->component.name,
                                       .handle = "h-" + made->component.name + made->component.generation,
                                       .generation = made->component.generation,
                                       .state = ContainerState::running,
                                       .ready = ready,
                                       .started_at = now});
        if (const auto* stopped = std::get_if<StopComponent>(&change))
            for (auto& there : have.components)
                if (there.name == stopped->name) there.state = ContainerState::exited;
        for (auto& there : have.components) {
            const auto* freeze = std::get_if<FreezeComponent>(&change);
            const auto* thaw = std::get_if<ThawComponent>(&change);
            if (freeze != nullptr && there.name == freeze->name) there.state = ContainerState::frozen;
            if (thaw != nullptr && there.name == thaw->name) there.state = ContainerState::running;
        }
        if (const auto* removed = std::get_if<RemoveComponent>(&change))
            std::erase_if(have.components, [&](const auto& there) { return there.name == removed->name; });
    }
    return have;
}

/// Looks, applies and looks again until nothing changes. Fails when it does not settle.
inline std::pair<Observed, Wanted> settle(Facts& facts, Observed have, Time& now) {
    for (int look = 0; look < 20; ++look) {
        auto wanted = decide(facts, have, now);
        facts.session.status = wanted.status;
        const auto changes = diff(wanted.workload, have);
        if (changes.empty()) return {have, wanted};
        have = after(changes, have, now);
        now += 100ms;
    }
    ADD_FAILURE() << "does not settle";
    return {have, {}};
}

}  // namespace berth::plan::test
