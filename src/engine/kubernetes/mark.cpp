#include "engine/kubernetes/mark.hpp"

#include <map>

#include "engine/container/names.hpp"
#include "engine/kubernetes/names.hpp"
#include "kube/refusal.hpp"

namespace berth::engine::kubernetes {
namespace {

enum class Workloads { named, any };

/// The same text for the same tree: members in order, and without the empty lists that a server leaves out.
void write_plainly(const json::value& tree, Workloads workloads, std::string& text) {
    if (const auto* list = tree.if_array()) {
        text += '[';
        for (const auto& item : *list) {
            write_plainly(item, workloads, text);
            text += ',';
        }
        text += ']';
    } else if (const auto* object = tree.if_object()) {
        std::map<std::string, const json::value*> members;
        for (const auto& [key, value] : *object) members[std::string(key)] = &value;
        text += '{';
        for (const auto& [key, value] : members) {
            if (value->is_null() || (value->is_array() && value->get_array().empty())) continue;
            text += json::write(json::value(key)) + ':';
            if (workloads == Workloads::named || key != label_workload)
                write_plainly(*value, workloads, text);
            text += ',';
        }
        text += '}';
    } else {
        text += json::write(tree);
    }
}

std::string mark_of(const json::value& tree, Workloads workloads = Workloads::named) {
    std::string text;
    write_plainly(tree, workloads, text);
    return sha256(text).substr(0, 16);
}

}  // namespace

std::string policy_mark(const json::value& spec) {
    return mark_of(spec);
}

std::string policy_rules(const json::value& spec) {
    return mark_of(spec, Workloads::any);
}

std::string service_mark(const json::value& spec) {
    json::object kept{{"type", "ClusterIP"}};
    for (const char* key : {"type", "selector", "externalIPs"})
        if (const auto* found = kube::find_at(spec, {key})) kept[key] = *found;
    json::array ports;
    if (const auto* all = kube::find_at(spec, {"ports"}); all != nullptr && all->is_array())
        for (const auto& one : all->get_array()) {
            json::object port;
            for (const char* key : {"name", "port", "targetPort", "protocol"})
                if (const auto* found = kube::find_at(one, {key})) port[key] = *found;
            ports.push_back(port);
        }
    kept["ports"] = ports;
    return mark_of(kept);
}

}  // namespace berth::engine::kubernetes
