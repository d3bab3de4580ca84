#include "engine/kubernetes/render.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/delivery.hpp"
#include "engine/kubernetes/mark.hpp"
#include "engine/kubernetes/overlay.hpp"

namespace berth::engine::kubernetes {
namespace {

constexpr const char* init_folder = "/.berth";
constexpr const char* run_alone = "1Mi";
constexpr const char* run_with_secrets = "17Mi";  // `memory_folder` is in it.
constexpr const char* shared_memory = "256Mi";    // What browsers want; it counts as the component's memory.

json::object metadata(const Place& place, const WorkloadId& id, const std::string& name) {
    return {{"name", name},
            {"namespace", place.namespace_},
            {"labels", labels_of(place.instance, id)},
            {"annotations", json::object()}};
}

json::array owned_by(const Owner& owner) {
    return {json::object{{"apiVersion", "v1"},
                         {"kind", "ConfigMap"},
                         {"name", owner.name},
                         {"uid", owner.uid},
                         {"controller", true},
                         {"blockOwnerDeletion", false}}};
}

json::object select(const std::map<std::string, std::string>& labels) {
    json::object match;
    for (const auto& [name, value] : labels) match[name] = value;
    return {{"matchLabels", match}};
}

json::object select(const Place& place, const WorkloadId& id) {
    return select({{label_instance, place.instance}, {label_workload, id.text}});
}

json::object peer(const Peers& peers) {
    if (!peers.range.empty()) return {{"ipBlock", json::object{{"cidr", peers.range}}}};
    auto namespaces = peers.namespace_.empty() ? json::object()
                                               : select({{"kubernetes.io/metadata.name", peers.namespace_}});
    return {{"namespaceSelector", namespaces}, {"podSelector", select(peers.labels)}};
}

json::object port(const char* protocol, int number) {
    return {{"protocol", protocol}, {"port", number}};
}

/// The API server stays closed, unless it is just what somebody opened.
json::object open_range(const Range& range, const std::vector<std::string>& server) {
    json::object block{{"cidr", range.cidr}};
    json::array closed;
    for (const auto& one : server)
        if (one != range.cidr && covers(range.cidr, one)) closed.push_back(json::value(one));
    if (!closed.empty()) block["except"] = closed;
    json::object rule{{"to", json::array{json::object{{"ipBlock", block}}}}};
    if (range.from == 0) return rule;
    json::array ports{port("TCP", range.from), port("UDP", range.from)};
    if (range.to != range.from)
        for (auto& one : ports) one.as_object()["endPort"] = range.to;
    rule["ports"] = ports;
    return rule;
}

/// A text that a node gives to a program as it stands: it would put in variables for `$(NAME)`, and make one
/// `$` of two.
///
/// https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
std::string as_it_stands(const std::string& text) {
    std::string doubled;
    for (const char c : text) doubled.append(c == '$' ? 2 : 1, c);
    return doubled;
}

json::array render_env(const std::map<std::string, std::string>& env) {
    json::array list;
    for (const auto& [name, value] : env)
        list.push_back(json::object{{"name", name}, {"value", as_it_stands(value)}});
    return list;
}

json::object amounts(MilliCpu cpu, Bytes memory) {
    return {{"cpu", to_string(cpu)}, {"memory", to_string(memory)}};
}

json::object render_resources(const Place& place, const Resources& resources) {
    const MilliCpu asked{std::max<std::int64_t>(1, resources.cpu.count / place.overcommit)};
    auto requests = amounts(asked, resources.memory);
    auto limits = amounts(resources.cpu, resources.memory);
    // Of devices the two have to be the same, and they are asked for whole.
    if (resources.gpu)
        requests[place.gpu_resource] = limits[place.gpu_resource] = std::to_string(*resources.gpu);
    return {{"requests", requests}, {"limits", limits}};
}

json::array words(const std::vector<std::string>& list) {
    json::array made;
    for (const auto& word : list) made.push_back(json::value(as_it_stands(word)));
    return made;
}

std::vector<std::string> init_command(const char* verb) {
    return {std::string(init_folder) + "/init", verb,         "--tcp",
            std::to_string(init_port),          "--key-file", std::string(init_folder) + "/key"};
}

void render_program(const WorkloadComponent& component,
                    const std::optional<std::vector<std::string>>& program, json::object& container) {
    if (program) {
        auto command = init_command("run");
        if (wants_delivery(component)) command.insert(command.begin() + 2, "--wait");
        command.push_back("--");
        command.insert(command.end(), program->begin(), program->end());
        container["command"] = words(command);
        return;
    }
    // Nobody outside the node knows what the image runs: that stays process 1, and ours comes beside it.
    if (component.command) container["command"] = words(*component.command);
    if (component.args) container["args"] = words(*component.args);
    const json::object exec{{"command", words(init_command("serve"))}};
    container["lifecycle"] = json::object{{"postStart", json::object{{"exec", exec}}}};
}

/// By its digest only where that names an image for any node: an engine of one machine knows bytes that no
/// registry gives under that name.
std::string image_of(const WorkloadComponent& component) {
    return component.digest.find("@sha256:") == component.digest.npos ? component.image : component.digest;
}

/// The first of those with one number.
std::vector<Port> each_once(const std::vector<Port>& ports) {
    std::vector<Port> kept;
    for (const auto& open : ports)
        if (std::ranges::find(kept, open.port, &Port::port) == kept.end()) kept.push_back(open);
    return kept;
}

json::object render_container(const Place& place, const WorkloadComponent& component,
                              const std::optional<std::vector<std::string>>& program) {
    json::object container{{"name", component.name},
                           {"image", image_of(component)},
                           {"imagePullPolicy", "IfNotPresent"},
                           {"env", render_env(component.env)},
                           {"resources", render_resources(place, component.resources)}};
    render_program(component, program, container);
    json::array mounts{json::object{{"name", "berth"}, {"mountPath", init_folder}, {"readOnly", true}},
                       json::object{{"name", "run"}, {"mountPath", "/run/berth"}},
                       json::object{{"name", "shm"}, {"mountPath", "/dev/shm"}}};
    for (const auto& mount : component.mounts)
        mounts.push_back(
            json::object{{"name", mount.volume}, {"mountPath", mount.path}, {"readOnly", mount.read_only}});
    container["volumeMounts"] = mounts;
    // Without names: theirs are shorter than ours may be.
    json::array ports;
    for (const auto& open : each_once(component.ports))
        ports.push_back(json::object{{"containerPort", open.port}});
    if (!ports.empty()) container["ports"] = ports;
    json::object security{{"allowPrivilegeEscalation", false},
                          {"capabilities", json::object{{"drop", json::array{"ALL"}}}}};
    if (component.profile == Profile::compat)
        security["capabilities"] = json::object{{"drop", json::array{"ALL"}},
                                                {"add", json::array{"CHOWN", "SETUID", "SETGID", "FOWNER"}}};
    container["securityContext"] = security;
    return container;
}

json::object render_security(const Place& place, const WorkloadComponent& component) {
    json::object security{{"seccompProfile", json::object{{"type", "RuntimeDefault"}}}};
    if (component.profile == Profile::compat) {
        security["runAsUser"] = 0;
        return security;
    }
    security["runAsNonRoot"] = true;
    if (!place.fixed_users && !component.user_named) return security;
    security["runAsUser"] = component.user;
    security["runAsGroup"] = 0;
    security["fsGroup"] = 0;
    security["fsGroupChangePolicy"] = "OnRootMismatch";
    return security;
}

json::object projected(json::array items, const char* kind, const std::string& name) {
    json::object source{{"name", name}, {"items", std::move(items)}};
    return {{kind, source}};
}

json::array render_volumes(const Place& place, const WorkloadId& id, const WorkloadComponent& component) {
    const auto in_memory = [](const char* name, const char* size) {
        return json::object{{"name", name},
                            {"emptyDir", json::object{{"medium", "Memory"}, {"sizeLimit", size}}}};
    };
    json::array sources{projected({json::object{{"key", "init"}, {"path", "init"}, {"mode", 0555}}},
                                  "configMap", place.init_config_map),
                        projected({json::object{{"key", "key"}, {"path", "key"}, {"mode", 0444}}}, "secret",
                                  workload_name(id))};
    json::array volumes{
        json::object{{"name", "berth"}, {"projected", json::object{{"sources", std::move(sources)}}}},
        in_memory("run", wants_memory_folder(component) ? run_with_secrets : run_alone),
        in_memory("shm", shared_memory)};
    std::vector<std::string> named;
    for (const auto& mount : component.mounts) {
        if (std::find(named.begin(), named.end(), mount.volume) != named.end()) continue;
        named.push_back(mount.volume);
        volumes.push_back(json::object{{"name", mount.volume},
                                       {"persistentVolumeClaim", json::object{{"claimName", mount.volume}}}});
    }
    return volumes;
}

/// Marks the pods that use a volume.
std::string volume_label(const std::string& handle) {
    return "volume.berth.dev/" + handle;
}

/// Nodes on which our berth-init runs, and where components that share a volume of one node meet.
Needs needs_of(const Place& place, const WorkloadComponent& component) {
    Needs needs{.node = {{"key", "kubernetes.io/arch"},
                         {"operator", "In"},
                         {"values", json::array{place.architecture}}},
                .pull_secrets = place.pull_secrets};
    if (component.pull_secret) needs.pull_secrets.push_back(*component.pull_secret);
    for (const auto& mount : component.mounts) {
        if (mount.access_mode == AccessMode::ReadWriteMany) continue;
        const json::object shares{{"key", volume_label(mount.volume)}, {"operator", "Exists"}};
        needs.together.push_back(
            json::object{{"labelSelector", json::object{{"matchExpressions", json::array{shares}}}},
                         {"topologyKey", "kubernetes.io/hostname"}});
    }
    return needs;
}

}  // namespace

const std::vector<std::string>& special_ranges() {
    static const std::vector<std::string> ranges{
        "0.0.0.0/8",      "10.0.0.0/8",    "100.64.0.0/10",   "127.0.0.0/8",      "169.254.0.0/16",
        "172.16.0.0/12",  "192.0.0.0/24",  "192.0.2.0/24",    "168.63.129.16/32", "192.88.99.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",   "224.0.0.0/4",
        "240.0.0.0/4",    "::/96",         "64:ff9b::/96",    "64:ff9b:1::/48",   "100::/64",
        "2001::/23",      "2001:db8::/32", "2002::/16",       "3fff::/20",        "5f00::/16",
        "fc00::/7",       "fe80::/10",     "fec0::/10",       "ff00::/8"};
    return ranges;
}

json::object render_config_map(const Place& place, const WorkloadId& id, const CreateNetwork& network) {
    auto about = metadata(place, id, workload_name(id));
    json::array members;
    for (const auto& member : network.members) members.push_back(json::value(member.name));
    about["annotations"].get_object()[note_members] = json::write(members);
    return {{"metadata", about}};
}

json::object render_secret(const Place& place, const WorkloadId& id, const Owner& owner,
                           const SecretText& key) {
    auto about = metadata(place, id, workload_name(id));
    about["ownerReferences"] = owned_by(owner);
    return {{"metadata", about},
            {"type", "berth.dev/init-key"},
            {"immutable", true},
            {"stringData", json::object{{"key", key.reveal()}}}};
}

json::object render_policy(const Place& place, const WorkloadId& id, const Owner& owner, Egress egress) {
    auto about = metadata(place, id, workload_name(id));
    about["ownerReferences"] = owned_by(owner);
    const json::object siblings{{"podSelector", select(place, id)}};
    json::array in{json::object{{"from", json::array{siblings}}}};
    if (place.gateway)
        in.push_back(json::object{{"from", json::array{peer(*place.gateway)}},
                                  {"ports", json::array{port("TCP", init_port)}}});
    json::array out{json::object{{"to", json::array{siblings}}}};
    json::array resolvers;
    for (const auto& dns : place.dns) resolvers.push_back(peer(dns));
    if (!resolvers.empty())
        out.push_back(json::object{
            {"to", resolvers},
            {"ports", json::array{port("UDP", 53), port("TCP", 53), port("UDP", 5353), port("TCP", 5353)}}});
    if (egress == Egress::internet) {
        json::array closed4, closed6;
        for (const auto& range : place.closed)
            (range.find(':') == range.npos ? closed4 : closed6).push_back(json::value(range));
        const auto block = [](const char* all, const json::array& except) {
            return json::object{{"ipBlock", json::object{{"cidr", all}, {"except", except}}}};
        };
        out.push_back(json::object{{"to", json::array{block("0.0.0.0/0", closed4), block("::/0", closed6)}}});
        for (const auto& range : place.open) out.push_back(open_range(range, place.server));
    }
    const json::object spec{{"podSelector", select(place, id)},
                            {"policyTypes", json::array{"Ingress", "Egress"}},
                            {"ingress", in},
                            {"egress", out}};
    about["annotations"].get_object()[note_mark] = policy_mark(spec);
    return {{"metadata", about}, {"spec", spec}};
}

json::object render_service(const Place& place, const WorkloadId& id, const Owner& owner,
                            const NetworkMember& member) {
    auto about = metadata(place, id, component_name(id, member.name));
    about["ownerReferences"] = owned_by(owner);
    about["labels"].get_object()[label_component] = member.name;
    json::array ports;
    for (const auto& open : each_once(member.ports))
        ports.push_back(json::object{
            {"name", open.name}, {"port", open.port}, {"targetPort", open.port}, {"protocol", "TCP"}});
    auto chosen = json::object{
        {label_instance, place.instance}, {label_workload, id.text}, {label_component, member.name}};
    const json::object spec{{"selector", chosen},
                            {"ports", ports},
                            // Components find each other before they count as ready.
                            {"publishNotReadyAddresses", true}};
    about["annotations"].get_object()[note_mark] = service_mark(spec);
    return {{"metadata", about}, {"spec", spec}};
}

json::object render_claim(const Place& place, const WorkloadId& id, const WorkloadVolume& volume) {
    auto about = metadata(place, id, volume.handle);
    // It outlives the workload.
    about["labels"].get_object().erase(label_workload);
    json::object spec{
        {"accessModes", json::array{json::enum_name(volume.access_mode)}},
        {"resources", json::object{{"requests", json::object{{"storage", to_string(volume.size)}}}}}};
    const auto of_kind = place.storage_classes.find(volume.kind);
    const auto& class_name = of_kind == place.storage_classes.end() ? place.storage_class : of_kind->second;
    if (!class_name.empty()) spec["storageClassName"] = class_name;
    return {{"metadata", about}, {"spec", spec}};
}

json::object render_pod(const Place& place, const WorkloadId& id, const Owner& owner,
                        const WorkloadComponent& component,
                        const std::map<std::string, std::string>& addresses,
                        const std::optional<std::vector<std::string>>& program) {
    auto about = metadata(place, id, component_name(id, component.name));
    about["ownerReferences"] = owned_by(owner);
    about["labels"].get_object()[label_component] = component.name;
    for (const auto& mount : component.mounts) about["labels"].get_object()[volume_label(mount.volume)] = "";
    auto& notes = about["annotations"].get_object();
    notes[note_generation] = component.generation;
    const ProbeSpec probe{.readiness = component.readiness, .ports = component.ports};
    notes[note_probe] = json::write(json::to_json(probe));
    if (wants_delivery(component)) notes[note_delivery] = "1";
    json::array aliases;
    for (const auto& [name, address] : addresses)
        if (name != component.name)
            aliases.push_back(json::object{{"ip", address}, {"hostnames", json::array{name}}});
    const auto grace = std::chrono::ceil<std::chrono::seconds>(component.stop_timeout).count();
    json::object spec{{"restartPolicy", "Never"},
                      {"automountServiceAccountToken", false},
                      {"enableServiceLinks", false},
                      {"hostname", component.name.substr(0, 63)},
                      {"terminationGracePeriodSeconds", grace},
                      {"securityContext", render_security(place, component)},
                      {"containers", json::array{render_container(place, component, program)}},
                      {"volumes", render_volumes(place, id, component)}};
    if (!aliases.empty()) spec["hostAliases"] = aliases;
    if (component.profile == Profile::compat || place.user_namespaces) spec["hostUsers"] = false;
    json::object pod{{"metadata", about}, {"spec", spec}};
    merge(pod, place.overlay);
    if (const auto more = place.overlays.find(component.kind); more != place.overlays.end())
        merge(pod, more->second);
    add_needs(pod["spec"].as_object(), needs_of(place, component));
    return pod;
}

}  // namespace berth::engine::kubernetes
