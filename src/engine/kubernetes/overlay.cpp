#include "engine/kubernetes/overlay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/kubernetes/render.hpp"
#include "kube/refusal.hpp"

namespace berth::engine::kubernetes {
namespace {

constexpr const char* required = "requiredDuringSchedulingIgnoredDuringExecution";

constexpr std::array<std::string_view, 3> own_metadata{"name", "namespace", "ownerReferences"};
constexpr std::array<std::string_view, 11> own_spec{
    "containers", "volumes",         "restartPolicy", "automountServiceAccountToken",
    "hostname",   "securityContext", "hostUsers",     "hostPID",
    "hostIPC",    "hostNetwork",     "hostAliases"};

Error wrong(const std::string& what) {
    return Error(Kind::invalid, "invalid_config", what);
}

json::object& object_in(json::object& tree, const std::string& path, const char* key) {
    auto& there = tree[key];
    if (there.is_null()) there = json::object();
    if (!there.is_object()) throw wrong(fmt::format("{}.{}: expected an object", path, key));
    return there.get_object();
}

json::array& list_in(json::object& tree, const std::string& path, const char* key) {
    auto& there = tree[key];
    if (there.is_null()) there = json::array();
    if (!there.is_array()) throw wrong(fmt::format("{}.{}: expected a list", path, key));
    return there.get_array();
}

/// Of two terms one is enough for a node, so ours is a part of each.
void add_node(json::object& affinity, const json::object& fits) {
    const std::string path = "spec.affinity.nodeAffinity";
    auto& terms = list_in(object_in(object_in(affinity, "spec.affinity", "nodeAffinity"), path, required),
                          path + "." + required, "nodeSelectorTerms");
    if (terms.empty()) terms.push_back(json::object());
    for (auto& term : terms) {
        if (!term.is_object()) throw wrong(path + ".nodeSelectorTerms: expected a list of objects");
        list_in(term.get_object(), path + ".nodeSelectorTerms", "matchExpressions").push_back(fits);
    }
}

/// Whether a label or an annotation of that name is for us to set.
bool is_own_mark(std::string_view name) {
    const auto prefix = name.substr(0, name.find('/'));
    return name == label_managed || prefix == "berth.dev" || prefix.ends_with(".berth.dev");
}

void check_marks(const std::string& path, const json::object& metadata) {
    for (const char* key : {"labels", "annotations"}) {
        const auto* marks = metadata.if_contains(key);
        if (marks == nullptr) continue;
        if (!marks->is_object()) throw wrong(fmt::format("{}.{}: expected an object", path, key));
        for (const auto& mark : marks->get_object())
            if (is_own_mark(mark.key()))
                throw wrong(fmt::format("{}.{}.{} is Berth's own", path, key, std::string(mark.key())));
    }
}

template <typename Names>
void check_part(const std::string& path, const json::object& part, const Names& own) {
    for (const auto& name : own)
        if (part.contains(name)) throw wrong(fmt::format("{}.{} is Berth's own", path, name));
}

}  // namespace

void merge(json::object& into, const json::object& patch) {
    for (const auto& [key, value] : patch) {
        if (value.is_null()) {
            into.erase(key);
        } else if (value.is_object()) {
            auto& there = into[key];
            if (!there.is_object()) there = json::object();
            merge(there.get_object(), value.get_object());
        } else {
            into[key] = value;
        }
    }
}

void add_needs(json::object& spec, const Needs& needs) {
    auto& affinity = object_in(spec, "spec", "affinity");
    add_node(affinity, needs.node);
    if (!needs.together.empty()) {
        auto& terms = list_in(object_in(affinity, "spec.affinity", "podAffinity"),
                              "spec.affinity.podAffinity", required);
        terms.insert(terms.end(), needs.together.begin(), needs.together.end());
    }
    if (needs.pull_secrets.empty()) return;
    auto& secrets = list_in(spec, "spec", "imagePullSecrets");
    for (const auto& name : needs.pull_secrets)
        if (std::ranges::none_of(secrets,
                                 [&](const auto& secret) { return kube::text_at(secret, {"name"}) == name; }))
            secrets.push_back(json::object{{"name", name}});
}

void check_overlay(const std::string& key, const json::object& overlay) {
    for (const auto& part : overlay) {
        const std::string name(part.key());
        if ((name != "metadata" && name != "spec") || !part.value().is_object())
            throw wrong(fmt::format("{}.{}: expected metadata or spec", key, name));
        const auto& own = part.value().get_object();
        const auto path = key + "." + name;
        if (name == "metadata") {
            check_part(path, own, own_metadata);
            check_marks(path, own);
            continue;
        }
        check_part(path, own, own_spec);
        json::object spec;
        merge(spec, own);
        try {
            add_needs(spec, {.together = {json::object()}, .pull_secrets = {"any"}});
        } catch (const Error& error) {
            throw wrong(key + "." + error.user);
        }
    }
}

}  // namespace berth::engine::kubernetes
