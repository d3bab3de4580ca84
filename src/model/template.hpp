#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/user.hpp"

namespace berth {

enum class Scheme { http, ws, vnc, ssh, tcp };
BOOST_DESCRIBE_ENUM(Scheme, http, ws, vnc, ssh, tcp)

enum class Profile { strict, compat };
BOOST_DESCRIBE_ENUM(Profile, strict, compat)

enum class Restart { always, on_failure, never };
BOOST_DESCRIBE_ENUM(Restart, always, on_failure, never)

enum class VolumeScope { workspace, user, session };
BOOST_DESCRIBE_ENUM(VolumeScope, workspace, user, session)

/// Kubernetes writes these in capitals, so the enumerators do too.
enum class AccessMode { ReadWriteOnce, ReadWriteMany };
BOOST_DESCRIBE_ENUM(AccessMode, ReadWriteOnce, ReadWriteMany)

enum class AccessKind { web, terminal, vnc };
BOOST_DESCRIBE_ENUM(AccessKind, web, terminal, vnc)

enum class Egress { internet, none };
BOOST_DESCRIBE_ENUM(Egress, internet, none)

struct Port {
    std::string name;
    int port = 0;
    Scheme scheme = Scheme::http;
    bool operator==(const Port&) const = default;
};
BOOST_DESCRIBE_STRUCT(Port, (), (name, port, scheme))

struct HttpProbe {
    std::string port;
    std::string path = "/";
    bool operator==(const HttpProbe&) const = default;
};
BOOST_DESCRIBE_STRUCT(HttpProbe, (), (port, path))

/// When a component counts as ready: exactly one of the three. Absent: as soon as it runs.
struct Probe {
    std::optional<HttpProbe> http;                 ///< An answer below 500 on that path.
    std::optional<std::string> tcp;                ///< The named port accepts connections.
    std::optional<std::vector<std::string>> exec;  ///< The command ends with 0.
    bool operator==(const Probe&) const = default;
};
BOOST_DESCRIBE_STRUCT(Probe, (), (http, tcp, exec))

struct Resources {
    MilliCpu cpu{1000};
    Bytes memory{std::int64_t{1} << 30};
    int pids = 1024;
    std::optional<int> gpu;  ///< Whole devices of its own.
    bool operator==(const Resources&) const = default;
};
BOOST_DESCRIBE_STRUCT(Resources, (), (cpu, memory, pids, gpu))

struct Mount {
    std::string volume;
    std::string path;
    bool read_only = false;
    bool operator==(const Mount&) const = default;
};
BOOST_DESCRIBE_STRUCT(Mount, (), (volume, path, read_only))

/// One of the user's own secrets that a component may have, as a variable of its environment.
struct SecretUse {
    std::string name;
    bool required = false;  ///< Without it the session does not start.
    bool operator==(const SecretUse&) const = default;
};
BOOST_DESCRIBE_STRUCT(SecretUse, (), (name, required))

/// A file that is there when the component starts: what the template says, or one of the user's secrets.
struct FileSpec {
    std::string path;
    std::optional<std::string> content;
    std::optional<std::string> secret;
    bool live = false;  ///< Written anew while it runs, when the secret changes.
    bool operator==(const FileSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(FileSpec, (), (path, content, secret, live))

/// Where the files that the user uploaded are, each at its own path below.
struct UserFiles {
    std::string path;
    bool live = false;  ///< Also those that come, change or go while it runs.
    bool operator==(const UserFiles&) const = default;
};
BOOST_DESCRIBE_STRUCT(UserFiles, (), (path, live))

/// What runs to its end before a session's components start: once for each new volume that it is for.
struct InitStep {
    std::string image;
    std::vector<std::string> command;
    std::vector<std::string> args;
    std::map<std::string, std::string> env;
    bool operator==(const InitStep&) const = default;
};
BOOST_DESCRIBE_STRUCT(InitStep, (), (image, command, args, env))

/// One container of a session.
struct Component {
    std::string name;
    std::string image;
    std::optional<std::string>
        pull_secret;  ///< Name of the cluster's Secret with which nodes pull the image.
    std::optional<std::vector<std::string>> command;  ///< Replaces the image's entry point.
    std::optional<std::vector<std::string>> args;     ///< Replaces the image's command.
    Profile profile = Profile::strict;
    std::optional<int> user;  ///< Numeric user inside; absent: 1000.
    Restart restart = Restart::always;
    std::vector<Port> ports;
    std::optional<Probe> readiness;
    Resources resources;
    std::map<std::string, std::string> env;
    std::vector<SecretUse> secrets;
    std::vector<FileSpec> files;
    std::optional<UserFiles> user_files;
    std::vector<Mount> mounts;
    std::vector<InitStep> init;  ///< With its mounts, user, profile and limits, one after the other.
    bool operator==(const Component&) const = default;
};
BOOST_DESCRIBE_STRUCT(Component, (),
                      (name, image, pull_secret, command, args, profile, user, restart, ports, readiness,
                       resources, env, secrets, files, user_files, mounts, init))

struct VolumeSpec {
    std::string name;
    VolumeScope scope = VolumeScope::workspace;
    Bytes size{std::int64_t{10} << 30};
    AccessMode access_mode = AccessMode::ReadWriteOnce;
    bool operator==(const VolumeSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(VolumeSpec, (), (name, scope, size, access_mode))

/// An address of the application that tells when somebody last used it.
struct ActivityProbe {
    std::string path;
    /// RFC 6901, to what its JSON answer says of it: a time (RFC 3339, or seconds or milliseconds since
    /// 1970), or whether it is in use now. Empty: the whole answer.
    std::string json_pointer;
    bool operator==(const ActivityProbe&) const = default;
};
BOOST_DESCRIBE_STRUCT(ActivityProbe, (), (path, json_pointer))

/// What counts as use of a way in, where that is not everything that a browser sends.
struct ActivityRule {
    std::vector<std::string> ignore;     ///< Paths, with all below them, that say nothing of a person.
    std::optional<ActivityProbe> probe;  ///< Asked instead of looking at what goes through.
    bool operator==(const ActivityRule&) const = default;
};
BOOST_DESCRIBE_STRUCT(ActivityRule, (), (ignore, probe))

/// One way in: what a person opens. Exactly one of a template is the default (the first, unless one says so).
struct Access {
    std::string name;
    std::string component;
    std::optional<std::string> port;  ///< Name of a port of the component; none for terminals.
    AccessKind kind = AccessKind::web;
    bool default_ = false;
    std::optional<ActivityRule> activity;
    bool operator==(const Access&) const = default;
};
BOOST_DESCRIBE_STRUCT(Access, (), (name, component, port, kind, default_, activity))

/// How long a session may stay as it is, and how long things may take.
struct Lifecycle {
    std::optional<Duration> freeze_after;            ///< Idle for so long, it freezes; absent: never.
    std::optional<Duration> hibernate_after;         ///< Idle for so long, it hibernates; absent: never.
    std::optional<Duration> max_lifetime;            ///< Running for so long, it hibernates whatever is done.
    Duration warn_before{std::chrono::minutes(10)};  ///< People hear of a stop so long before it.
    Duration grace{std::chrono::minutes(5)};         ///< From the limit to the stop.
    std::optional<MilliCpu> cpu_floor;               ///< Using more processor than this is activity.
    Duration start_within{std::chrono::minutes(5)};
    Duration stop_timeout{std::chrono::seconds(10)};
    bool operator==(const Lifecycle&) const = default;
};
BOOST_DESCRIBE_STRUCT(Lifecycle, (),
                      (freeze_after, hibernate_after, max_lifetime, warn_before, grace, cpu_floor,
                       start_within, stop_timeout))

struct NetworkSpec {
    Egress egress = Egress::internet;
    bool operator==(const NetworkSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(NetworkSpec, (), (egress))

/// What a session is made of. `parse_template` reads and checks one; a stored revision is always valid.
struct TemplateSpec {
    std::string display_name;
    std::string description;
    std::string category;
    std::string icon;
    std::vector<std::string> tags;
    std::vector<Component> components;
    std::vector<VolumeSpec> volumes;
    std::vector<Access> access;
    Lifecycle lifecycle;
    NetworkSpec network;
    bool queue = false;  ///< A launch that there is no room for waits for its turn.
    bool operator==(const TemplateSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(TemplateSpec, (),
                      (display_name, description, category, icon, tags, components, volumes, access,
                       lifecycle, network, queue))

/// A template at its newest revision, as lists and pages show it.
struct Template {
    std::string name;
    int revision = 1;
    TemplateSpec spec;
    std::optional<UserId> owner;  ///< Set for a private template; absent: published to everybody.
    Time created_at{};
    Time updated_at{};
    bool operator==(const Template&) const = default;
};
BOOST_DESCRIBE_STRUCT(Template, (), (name, revision, spec, owner, created_at, updated_at))

/// One immutable revision. `digests` holds what each image was when it was first there: image -> sha256:….
struct TemplateRevision {
    std::string name;
    int revision = 1;
    TemplateSpec spec;
    std::map<std::string, std::string> digests;
    Time created_at{};
    std::optional<UserId> owner;  ///< Absent: published when it was made.
    bool operator==(const TemplateRevision&) const = default;
};
BOOST_DESCRIBE_STRUCT(TemplateRevision, (), (name, revision, spec, digests, created_at, owner))

/// A template as a file or request brings it.
struct NamedSpec {
    std::string name;
    TemplateSpec spec;
};

/// Reads `{apiVersion, kind: Template, metadata: {name}, spec}` and checks everything that can be checked
/// without an engine. Throws `invalid`: an unknown key names the nearest known one (`unknown_key`), a key of
/// the design that is not built yet is refused by name (`not_built`), the rest is `invalid_field` with its
/// path.
NamedSpec parse_template(const json::value& document);

/// The same for a bare spec.
TemplateSpec parse_spec(const json::value& spec);

/// Writes the document that `parse_template` reads.
json::value to_document(const std::string& name, const TemplateSpec& spec);

/// The access that opens when nothing else is said, or nullptr when the template has none.
const Access* default_access(const TemplateSpec& spec);
const Component* find_component(const TemplateSpec& spec, std::string_view name);
const Port* find_port(const Component& component, std::string_view name);

/// What the engine calls the container of a component's init step number `number`, counted from 1.
std::string step_name(const std::string& component, std::size_t number);

/// The volume that a component's init steps are for: of those it can write the first of scope workspace, else
/// session. Nullptr: none. What all sessions of a user share has no one start to be made in.
const VolumeSpec* init_volume(const TemplateSpec& spec, const Component& component);

/// Every image that a session of it needs, each once, in the order of their first use.
std::vector<std::string> images_of(const TemplateSpec& spec);

}  // namespace berth
