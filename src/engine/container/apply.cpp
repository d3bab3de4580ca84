// The changes. Each looks before it writes: what exists already is ours only with our labels on it.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/child.hpp"
#include "base/log.hpp"
#include "engine/container/container_engine.hpp"
#include "engine/container/names.hpp"

namespace berth::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view discarded_prefix = ".discarded-";
constexpr std::chrono::minutes remove_limit{10};
constexpr std::chrono::seconds freeze_limit{2};
constexpr std::chrono::milliseconds freeze_pause{1};

Error taken(const std::string& what, const std::string& name) {
    return Error(Kind::conflict, "name_taken",
                 fmt::format("{} {} exists already and is not ours", what, berth::quoted(name)),
                 "remove or rename it");
}

/// A new volume belongs to its user and group 0. Needs root, and the engine on this machine.
void give_volume(const std::string& mountpoint, int owner) {
    if (::geteuid() != 0 || mountpoint.empty()) return;
    const int folder = ::open(mountpoint.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) return;
    const bool done = ::fchown(folder, static_cast<uid_t>(owner), 0) == 0 && ::fchmod(folder, 0770) == 0;
    ::close(folder);
    if (!done) throw Error(Kind::internal, "internal", "cannot give " + mountpoint + " to its user");
}

/// Where a component's folder in memory will be. runc gives that the mode of what is there, whatever mode it
/// was asked for.
void prepare_memory_folder(const std::string& folder) {
    std::error_code ec;
    fs::create_directory(folder, ec);
    if (!ec) fs::permissions(folder, fs::perms::all | fs::perms::sticky_bit, ec);
    if (ec) throw Error(Kind::internal, "internal", "cannot make " + folder + ": " + ec.message());
}

}  // namespace

Task<> ContainerEngine::apply(WorkloadId id, Changes changes) {
    require_up();
    std::exception_ptr failure;
    bool stale = false;
    try {
        for (auto& change : changes) {
            // These keep the cache as it is where the engine has no part in them.
            stale = stale || !(std::holds_alternative<FreezeComponent>(change) ||
                               std::holds_alternative<ThawComponent>(change));
            auto work = std::visit([&](auto& entry) { return make(id, std::move(entry)); }, change);
            co_await std::move(work);
        }
    } catch (...) {
        failure = std::current_exception();
    }
    // Also after a failure: what was written before it is to be seen.
    if (stale || failure) make_stale(entry(id));
    if (failure) std::rethrow_exception(failure);
}

bool ContainerEngine::is_ours(const container::Labels& labels, const WorkloadId& id) const {
    for (const auto& [name, value] : labels_of(place_, id)) {
        const auto found = labels.find(name);
        if (found == labels.end() || found->second != value) return false;
    }
    return true;
}

Task<bool> ContainerEngine::is_ours(WorkloadId id, std::string handle) {
    const auto details = co_await client_->inspect(handle);
    if (!details) co_return false;
    if (details->id != handle || !is_ours(details->labels, id)) throw taken("container", handle);
    co_return true;
}

Task<> ContainerEngine::make(WorkloadId, PrepareImage change) {
    co_await images_->prepare(change.image);
}

Task<> ContainerEngine::make(WorkloadId id, CreateNetwork change) {
    const auto name = network_name(options_.instance, id);
    // The rules are there before the first packet can be.
    const Bridge bridge{bridge_name(options_.instance, id), change.egress == Egress::none};
    co_await firewall_.add(bridge);
    bool exists = false;
    try {
        auto spec = render_network(place_, id, change.egress);
        co_await client_->create_network(std::move(spec));
    } catch (const Error& error) {
        if (error.code != "name_taken") throw;
        exists = true;
    }
    if (!exists) co_return;
    const auto network = co_await client_->inspect_network(name);
    if (!network || !is_ours(network->labels, id) || network->internal != bridge.closed)
        throw taken("network", name);
}

Task<> ContainerEngine::make(WorkloadId id, CreateVolume change) {
    const auto& handle = change.volume.handle;
    const auto there = co_await client_->inspect_volume(handle);
    if (there) {
        const auto label = there->labels.find(label_instance);
        if (label == there->labels.end() || label->second != options_.instance) throw taken("volume", handle);
    } else {
        auto spec = render_volume(place_, id, change.volume);
        const auto made = co_await client_->create_volume(std::move(spec));
        give_volume(made.mountpoint, change.volume.owner);
    }
    entry(id).claimed.insert(handle);
}

/// Takes a folder of a component out of the way at once. What a program has filled it with is removed beside
/// the loop: that may take long.
void ContainerEngine::discard(const std::string& folder) {
    const auto away =
        fmt::format("{}/run/{}{}-{}", options_.data, discarded_prefix, ::getpid(), discarded_++);
    std::error_code ec;
    fs::rename(folder, away, ec);
    if (!ec) tasks_.start("remove " + away, remove_folder(away));
}

Task<> ContainerEngine::remove_folder(std::string folder) {
    ChildRequest request{.arguments = {"rm", "-rf", "--", folder}};
    const auto done = co_await run_child(std::move(request), clock_, remove_limit);
    if (done.status != 0)
        log::warning("a folder is not removed", {{"folder", folder}, {"why", done.last_lines(1)}});
}

/// What an earlier process did not come to.
void ContainerEngine::remove_discarded() {
    std::error_code ec;
    for (const auto& item : fs::directory_iterator(options_.data + "/run", ec))
        if (item.path().filename().string().starts_with(discarded_prefix))
            tasks_.start("remove " + item.path().string(), remove_folder(item.path().string()));
}

/// The folder of its process 1's socket, empty and its own. The folders above let nobody else in.
void ContainerEngine::prepare_run_directory(const WorkloadId& id, const WorkloadComponent& component) {
    const auto folder = component_directory(options_.data, id, component.name);
    std::error_code ec;
    discard(folder);
    const auto parent = fs::path(folder).parent_path();
    fs::create_directories(parent, ec);
    if (!ec) fs::permissions(parent, fs::perms::owner_all, ec);
    if (!ec) fs::create_directory(folder, ec);
    if (ec) throw Error(Kind::internal, "internal", "cannot make " + folder + ": " + ec.message());
    if (wants_memory_folder(component)) prepare_memory_folder(folder + "/secrets");
    const bool own_user = component.profile == Profile::strict && ::geteuid() == 0 && !info_.user_namespaces;
    const auto user = static_cast<uid_t>(component.user);
    // Where the engine maps users, the number outside is not known before the container is there.
    const bool done = own_user ? ::chown(folder.c_str(), user, 0) == 0 && ::chmod(folder.c_str(), 0700) == 0
                               : ::chmod(folder.c_str(), 0777) == 0;
    if (!done) throw Error(Kind::internal, "internal", "cannot give " + folder + " to its component");
}

/// Creates it, or finds what an earlier try left behind.
Task<std::string> ContainerEngine::create_container(WorkloadId id, container::ContainerSpec spec) {
    const auto name = spec.name;
    const auto generation = spec.labels.at(label_generation);
    const bool automatic = spec.user_namespace == "auto";
    std::optional<Error> failure;
    try {
        co_return co_await client_->create(std::move(spec));
    } catch (const Error& error) {
        failure = error;
    }
    if (automatic && failure->user.find("available IDs") != std::string::npos)
        throw Error(Kind::invalid, "profile_not_possible",
                    "profile compat needs users of its own, and this container engine has none to give",
                    "give the user \"containers\" a range in /etc/subuid and /etc/subgid", failure->user);
    if (failure->code != "name_taken") throw *failure;
    const auto there = co_await client_->inspect(name);
    if (!there) throw *failure;
    const auto label = there->labels.find(label_generation);
    if (!is_ours(there->labels, id) || label == there->labels.end() || label->second != generation)
        throw taken("container", name);
    co_return there->id;
}

Task<> ContainerEngine::make(WorkloadId id, StartComponent change) {
    const auto& component = change.component;
    const auto reference = component.digest.empty() ? component.image : component.digest;
    const auto image = co_await client_->inspect_image(reference);
    if (!image) {
        images_->forget(component.image);
        throw Error(Kind::not_found, "image_not_found",
                    fmt::format("image {} not found on this machine", berth::quoted(component.image)));
    }
    auto spec = render_component(place_, id, component, *image);
    const auto name = spec.name;
    const auto there = co_await client_->inspect(name);
    // Started by an earlier try whose answer was lost: its folder is in use.
    if (there && is_ours(there->labels, id) && state_of(there->state) != ContainerState::created) co_return;
    prepare_run_directory(id, component);
    starting_.insert(name);
    std::string handle;
    std::exception_ptr failure;
    try {
        handle = co_await create_container(id, std::move(spec));
        co_await client_->start(handle);
    } catch (...) {
        failure = std::current_exception();
    }
    starting_.erase(name);
    if (!failure) co_return;
    try {
        if (!handle.empty()) co_await client_->remove(handle, true);
    } catch (const Error& error) {
        log::warning("a container that did not start is left",
                     {{"container", name}, {"error", error.what()}});
    }
    std::rethrow_exception(failure);
}

Task<> ContainerEngine::make(WorkloadId id, StopComponent change) {
    if (stopping_.contains(change.handle)) co_return;
    const bool there = co_await is_ours(id, change.handle);
    if (!there || !stopping_.insert(change.handle).second) co_return;
    tasks_.start("stop " + change.name, stop_in_background(id, change.handle, change.stop_timeout));
}

/// By the kernel, past the engine. False where that is not possible, or the engine has to know of it.
Task<bool> ContainerEngine::switch_freezer(WorkloadId id, std::string handle, bool frozen) {
    const auto find = [this, &id, &handle]() -> Known* {
        const auto known = entry(id).containers.find(handle);
        return known == entry(id).containers.end() ? nullptr : &known->second;
    };
    // What is in the cache bears our labels.
    const auto* known = find();
    if (known == nullptr || !known->freezer || known->engine_state == "paused") co_return false;
    const auto freezer = *known->freezer;
    for (const auto until = clock_.now() + freeze_limit; clock_.now() < until;) {
        // Version 1 has to be asked again while a process could not be frozen yet.
        if (!freezer.set(frozen)) co_return false;
        if (freezer.frozen() == frozen) {
            if (auto* there = find())
                there->seen.state = frozen ? ContainerState::frozen : ContainerState::running;
            co_return true;
        }
        co_await clock_.sleep(freeze_pause);
    }
    freezer.set(!frozen);
    throw Error(Kind::unavailable, "engine_unavailable",
                fmt::format("the kernel does not {} container {}", frozen ? "freeze" : "thaw", handle));
}

Task<> ContainerEngine::make(WorkloadId id, FreezeComponent change) {
    if (co_await switch_freezer(id, change.handle, true)) co_return;
    const bool ours = co_await is_ours(id, change.handle);
    if (ours) co_await client_->pause(change.handle);
    make_stale(entry(id));
}

Task<> ContainerEngine::make(WorkloadId id, ThawComponent change) {
    if (co_await switch_freezer(id, change.handle, false)) co_return;
    const bool ours = co_await is_ours(id, change.handle);
    if (ours) co_await client_->unpause(change.handle);
    make_stale(entry(id));
}

/// What is frozen cannot be removed: it dies of no signal.
Task<> ContainerEngine::thaw_by_force(std::string handle) {
    const auto there = co_await client_->inspect(handle);
    if (!there) co_return;
    if (there->state == "paused") co_await client_->unpause(handle);
    if (const auto freezer = Freezer::find(there->pid, there->id); freezer && freezer->frozen() == true)
        freezer->set(false);
}

Task<> ContainerEngine::stop_in_background(WorkloadId id, std::string handle, Duration grace) {
    std::optional<Error> failure;
    try {
        co_await client_->stop(handle, grace);
    } catch (const Error& error) {
        if (error.kind != Kind::not_found) failure = error;
    }
    if (failure)
        log::warning("stopping a container failed", {{"container", handle}, {"error", failure->what()}});
    // Looked at before it stops being ours to stop: a kill at the end of its time is not for want of memory.
    try {
        make_stale(entry(id));
        co_await refresh(id);
    } catch (const Error& error) {
        log::debug("a stopped container cannot be looked at",
                   {{"container", handle}, {"error", error.what()}});
    }
    stopping_.erase(handle);
    touch(id);
}

Task<> ContainerEngine::make(WorkloadId id, RemoveComponent change) {
    const bool there = co_await is_ours(id, change.handle);
    if (!there) co_return;
    co_await client_->remove(change.handle, false);
    note_process(id, change.name, 0);
    discard(component_directory(options_.data, id, change.name));
}

Task<> ContainerEngine::make(WorkloadId id, RemoveNetwork) {
    const auto name = network_name(options_.instance, id);
    const auto network = co_await client_->inspect_network(name);
    if (network && !is_ours(network->labels, id)) throw taken("network", name);
    if (network) co_await client_->remove_network(name);
    co_await firewall_.drop(bridge_name(options_.instance, id));
    discard(run_directory(options_.data, id));
    cpu_.erase(id);
    entry(id).claimed.clear();
}

Task<> ContainerEngine::remove_volume(std::string handle) {
    require_up();
    const auto volume = co_await client_->inspect_volume(handle);
    if (!volume) co_return;
    const auto label = volume->labels.find(label_instance);
    if (label == volume->labels.end() || label->second != options_.instance) throw taken("volume", handle);
    co_await client_->remove_volume(handle);
}

Task<> ContainerEngine::purge(Volumes volumes) {
    require_up();
    const container::Labels ours{{label_instance, options_.instance}};
    const auto containers = co_await client_->list(ours);
    for (const auto& summary : containers) {
        co_await thaw_by_force(summary.id);
        co_await client_->remove(summary.id, true);
    }
    const auto networks = co_await client_->list_networks(ours);
    for (const auto& network : networks) co_await client_->remove_network(network.name);
    if (volumes == Volumes::remove) {
        const auto all = co_await client_->list_volumes(ours);
        for (const auto& volume : all) co_await client_->remove_volume(volume.name);
    }
    co_await firewall_.remove();
    std::error_code ec;
    fs::remove_all(options_.data + "/run", ec);
    fs::create_directory(options_.data + "/run", ec);
    fs::permissions(options_.data + "/run", fs::perms::owner_all, ec);
    cache_.clear();
}

}  // namespace berth::engine
