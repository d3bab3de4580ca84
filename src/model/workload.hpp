#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/session.hpp"

/// What an engine is given and what it reports. An engine knows workloads, never sessions or people.
namespace berth {

struct WorkloadNoun {};
using WorkloadId = Id<WorkloadNoun>;

/// Whose a workload or a volume is, and in which place of theirs: marks that mean nothing to an engine but
/// that it may keep apart what differs in them.
struct Space {
    std::string owner;
    std::string part;  ///< Empty: all of the owner's places share it.
    bool operator==(const Space&) const = default;
};
BOOST_DESCRIBE_STRUCT(Space, (), (owner, part))

/// What a space may take together; absent: no limit of it.
struct Allowance {
    std::optional<MilliCpu> cpu;
    std::optional<Bytes> memory;
    bool operator==(const Allowance&) const = default;
};
BOOST_DESCRIBE_STRUCT(Allowance, (), (cpu, memory))

/// lasting: it runs until it is stopped. once: it runs to its end, and nobody asks whether it is ready.
enum class Run { lasting, once };
BOOST_DESCRIBE_ENUM(Run, lasting, once)

struct WorkloadMount {
    std::string volume;  ///< Handle of a volume of the workload.
    std::string path;
    bool read_only = false;
    AccessMode access_mode = AccessMode::ReadWriteOnce;  ///< Of the volume.
    bool operator==(const WorkloadMount&) const = default;
};
BOOST_DESCRIBE_STRUCT(WorkloadMount, (), (volume, path, read_only, access_mode))

enum class SecretAs { env, file, user_files };
BOOST_DESCRIBE_ENUM(SecretAs, env, file, user_files)

/// Something secret that a component gets as it starts. A workload says what, never its value: the engine is
/// told that by whom it asks, and nobody else is.
struct SecretRef {
    SecretAs as = SecretAs::env;
    std::string name;     ///< Of the secret; of user files empty.
    std::string target;   ///< The variable, or the absolute path.
    std::string version;  ///< Another one when the value is another.
    bool live = false;    ///< Follows changes while it runs.
    bool operator==(const SecretRef&) const = default;
};
BOOST_DESCRIBE_STRUCT(SecretRef, (), (as, name, target, version, live))

/// Whether it is written anew while its component runs: a file can be, an environment never.
bool follows_changes(const SecretRef& ref);

/// What a running component is to be told of secrets that follow changes.
struct LiveChanges {
    std::vector<SecretRef> write;   ///< It has them not, or otherwise.
    std::vector<SecretRef> remove;  ///< It has them and is not to any more.
    bool operator==(const LiveChanges&) const = default;
};

/// What became of its files since they were delivered. What is an environment stays as it is.
LiveChanges live_changes(const std::vector<SecretRef>& wanted, const std::vector<SecretRef>& delivered);

/// One container as it should be. Everything is expanded; nothing refers to a template any more.
struct WorkloadComponent {
    std::string name;
    std::string image;   ///< As the template names it, for messages.
    std::string digest;  ///< What to run; empty: whatever the image name is now.
    std::optional<std::vector<std::string>> command;
    std::optional<std::vector<std::string>> args;
    std::map<std::string, std::string> env;
    Profile profile = Profile::strict;
    int user = 1000;
    bool user_named = false;  ///< By who wrote it; else another will do where an engine has its own.
    Resources resources;
    std::vector<Port> ports;
    std::optional<Probe> readiness;
    std::vector<WorkloadMount> mounts;
    std::map<std::string, std::string> files;  ///< Path -> content: what is not secret.
    std::vector<SecretRef> secrets;
    Duration stop_timeout{std::chrono::seconds(10)};
    Run run = Run::lasting;
    std::optional<std::string> pull_secret;
    std::string kind;  ///< Which of an administrator's settings are for it.
    /// `incarnation.restarts`: a component that carries another one is replaced.
    std::string generation;
    bool anew = false;  ///< What has ended under this generation is replaced all the same.
    bool operator==(const WorkloadComponent&) const = default;
};
/// Whether anything has to be brought into it before it starts.
bool wants_delivery(const WorkloadComponent& component);
BOOST_DESCRIBE_STRUCT(WorkloadComponent, (),
                      (name, image, digest, command, args, env, profile, user, user_named, resources, ports,
                       readiness, mounts, files, secrets, stop_timeout, run, pull_secret, kind, generation,
                       anew))

struct WorkloadVolume {
    std::string handle;
    Bytes size;
    int owner = 1000;  ///< Numeric user that a new volume belongs to; the group is 0.
    Space space;
    std::string kind;  ///< Which of an administrator's settings are for it.
    AccessMode access_mode = AccessMode::ReadWriteOnce;
    bool operator==(const WorkloadVolume&) const = default;
};
BOOST_DESCRIBE_STRUCT(WorkloadVolume, (), (handle, size, owner, space, kind, access_mode))

/// What should be there. No components: nothing runs, no network; the volumes stay whatever it says.
struct Workload {
    WorkloadId id;
    std::vector<WorkloadComponent> components;
    /// What is to run to its end now. While there is any, no component starts.
    std::vector<WorkloadComponent> steps;
    std::vector<WorkloadVolume> volumes;
    Egress egress = Egress::internet;
    Space space;
    Allowance allowance;               ///< Of its space's owner, with all their workloads.
    std::vector<std::string> prepare;  ///< Images to get now; their components start once they are there.
    Duration stop_timeout{std::chrono::seconds(10)};  ///< Of what runs and is not among them (any more).
    /// Containers that have exited stay for their logs, and so does the network, though nothing is wanted.
    bool keep_exited = false;
    bool frozen = false;  ///< What runs keeps its memory and gets no processor.
    /// Hosts that lead to it, where an engine has to be told: those of a session that has answered.
    std::vector<std::string> hosts;
    bool operator==(const Workload&) const = default;
};
BOOST_DESCRIBE_STRUCT(Workload, (),
                      (id, components, steps, volumes, egress, space, allowance, prepare, stop_timeout,
                       keep_exited, frozen, hosts))

enum class ContainerState { creating, created, running, frozen, exited, stopping, removing };
BOOST_DESCRIBE_ENUM(ContainerState, creating, created, running, frozen, exited, stopping, removing)

/// A container that is there.
struct ObservedComponent {
    std::string name;
    std::string handle;  ///< The engine's id of it: the precondition of every write that touches it.
    std::string generation;
    ContainerState state = ContainerState::created;
    bool waiting = false;  ///< It runs, but its command does not start before it is bound.
    /// What was brought into it in this run; absent: nothing ever is.
    std::optional<std::vector<SecretRef>> delivered;
    bool ready = false;  ///< Its readiness probe has succeeded in this run.
    /// Why it does not run, or is not ready, yet: `port 8888: connection refused`.
    std::string message;
    /// What to call what keeps it from starting while that may mend by itself: `ImagePullFailed`.
    std::string trouble;
    /// Set once it will never start as it is: the reason to show, `ImageNotFound`.
    std::string hopeless;
    int exit_code = 0;
    bool out_of_memory = false;
    /// The engine ends or has ended it for a reason of its own, which `message` says.
    bool disrupted = false;
    std::optional<Time> started_at;
    std::optional<Time> exited_at;
    std::vector<std::string> last_log;  ///< Last lines, only once it has exited.
    bool operator==(const ObservedComponent&) const = default;
};
BOOST_DESCRIBE_STRUCT(ObservedComponent, (),
                      (name, handle, generation, state, waiting, delivered, ready, message, trouble, hopeless,
                       exit_code, out_of_memory, disrupted, started_at, exited_at, last_log))

enum class ImageState { unknown, pulling, present, missing };
BOOST_DESCRIBE_ENUM(ImageState, unknown, pulling, present, missing)

/// What the engine knows of an image that a workload asked for.
struct ObservedImage {
    ImageState state = ImageState::unknown;
    /// What fixes its bytes once present, where the engine can say: `sha256:…`, of a cluster
    /// `REGISTRY/NAME@sha256:…`.
    std::string digest;
    std::string message;  ///< Progress while pulling or building, the engine's own words when missing.
    std::optional<double> progress;     ///< 0 to 1 while pulling or building, when the engine can say.
    std::optional<Time> missing_since;  ///< When the last try to get it failed.
    bool operator==(const ObservedImage&) const = default;
};
BOOST_DESCRIBE_STRUCT(ObservedImage, (), (state, digest, message, progress, missing_since))

/// What is there now. `images` (by name as the template has it) is filled by the loop, for what has to start.
struct Observed {
    bool network = false;
    bool network_incomplete = false;  ///< A part of it: the rest is to be made, or this to be removed.
    std::vector<ObservedComponent> components;
    std::vector<std::string>
        volumes;  ///< Handles of volumes that exist, of those this workload asked for or mounts.
    std::map<std::string, ObservedImage> images;
    std::vector<Condition> conditions;
    bool freezable = false;  ///< This engine can freeze it.
    /// Hosts that the engine leads to us for it; absent: it has nothing to do for any host.
    std::optional<std::vector<std::string>> hosts;
    bool operator==(const Observed&) const = default;
};

/// What a thing in an engine is to its workload.
enum class ThingPart {
    process,  ///< Runs, or ran.
    volume,   ///< Holds what people keep.
    host,     ///< Leads a host to us: stays while its session is hibernated.
    other,
};
BOOST_DESCRIBE_ENUM(ThingPart, process, volume, host, other)

/// A thing in an engine that is ours, or bears a name of ours: what an administrator may have to know of.
struct Thing {
    std::string kind;  ///< As the engine calls it: `container`, `volume`, `Pod`, `Namespace`…
    std::string name;  ///< With its namespace where there is one: `berth-sessions/ses-1`.
    ThingPart part = ThingPart::other;
    std::string handle;     ///< Of a volume.
    WorkloadId workload;    ///< Empty: of none.
    bool ours = true;       ///< Carries our mark; else only a name that we would give.
    bool removable = true;  ///< Goes when its workload is removed.
    std::string stuck;      ///< Why it does not go although it is being removed, in the engine's own words.
    bool operator==(const Thing&) const = default;
};
BOOST_DESCRIBE_STRUCT(Thing, (), (kind, name, part, handle, workload, ours, removable, stuck))

// The changes that there are. Not one of them removes a volume.

/// Makes `image` present: a job of the engine that `observe` reports.
struct PrepareImage {
    std::string image;
    bool operator==(const PrepareImage&) const = default;
};
/// A component as the others of its workload reach it: by its name.
struct NetworkMember {
    std::string name;
    std::vector<Port> ports;
    bool operator==(const NetworkMember&) const = default;
};
struct CreateNetwork {
    Egress egress;
    std::vector<NetworkMember> members = {};
    Space space = {};
    Allowance allowance = {};
    bool operator==(const CreateNetwork&) const = default;
};
struct CreateVolume {
    WorkloadVolume volume;
    bool operator==(const CreateVolume&) const = default;
};
/// Creates and starts; "exists already" is ours only with the same generation on it.
struct StartComponent {
    WorkloadComponent component;
    bool operator==(const StartComponent&) const = default;
};
/// Brings into what waits its environment and files, and lets it start. What has been bound stays as it is.
struct BindComponent {
    std::string handle;
    WorkloadComponent component;
    bool operator==(const BindComponent&) const = default;
};
/// Brings its files up to date where they follow changes (`live_changes`).
struct UpdateFiles {
    std::string handle;
    WorkloadComponent component;
    bool operator==(const UpdateFiles&) const = default;
};
/// Asks politely, kills after `stop_timeout`: a job of the engine that `observe` reports as `stopping`.
struct StopComponent {
    std::string name, handle;
    Duration stop_timeout;
    bool operator==(const StopComponent&) const = default;
};
/// Takes the processor away from a container that runs, and keeps its memory. Freezing twice is freezing
/// once.
struct FreezeComponent {
    std::string name, handle;
    bool operator==(const FreezeComponent&) const = default;
};
struct ThawComponent {
    std::string name, handle;
    bool operator==(const ThawComponent&) const = default;
};
/// Removes a container that has exited or never ran.
struct RemoveComponent {
    std::string name, handle;
    bool operator==(const RemoveComponent&) const = default;
};
struct RemoveNetwork {
    bool operator==(const RemoveNetwork&) const = default;
};
/// Leads these hosts to us, and no others of the workload. Only where `Observed` says what is led.
struct PublishHosts {
    std::vector<std::string> hosts;
    bool operator==(const PublishHosts&) const = default;
};
struct WithdrawHosts {
    bool operator==(const WithdrawHosts&) const = default;
};

using Change = std::variant<PrepareImage, CreateNetwork, CreateVolume, StartComponent, BindComponent,
                            UpdateFiles, StopComponent, FreezeComponent, ThawComponent, RemoveComponent,
                            RemoveNetwork, PublishHosts, WithdrawHosts>;
using Changes = std::vector<Change>;

}  // namespace berth
