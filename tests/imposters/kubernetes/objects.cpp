#include "imposters/kubernetes/objects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace berth::imposter {
namespace {

constexpr const char* protection = "kubernetes.io/pvc-protection";

struct Kind {
    const char *plural, *kind;
};
constexpr Kind kinds[] = {{"pods", "Pod"},
                          {"services", "Service"},
                          {"secrets", "Secret"},
                          {"configmaps", "ConfigMap"},
                          {"persistentvolumeclaims", "PersistentVolumeClaim"},
                          {"networkpolicies", "NetworkPolicy"},
                          {"ingresses", "Ingress"},
                          {"httproutes", "HTTPRoute"},
                          {"namespaces", "Namespace"},
                          {"leases", "Lease"},
                          {"events", "Event"},
                          {"templates", "Template"},
                          {"sessions", "Session"},
                          {"workspaces", "Workspace"},
                          {"customresourcedefinitions", "CustomResourceDefinition"},
                          {"validatingadmissionpolicies", "ValidatingAdmissionPolicy"},
                          {"validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding"},
                          {"nodes", "Node"}};

Refusal invalid(const Where& where, const std::string& why) {
    return {422, "Invalid", fmt::format("{} \"{}\" is invalid: {}", kind_of(where.plural), where.name, why)};
}

bool is_label(const std::string& text) {
    static const std::regex form("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
    return text.size() <= 63 && std::regex_match(text, form);
}

bool is_name(const std::string& text) {
    static const std::regex form("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    return text.size() <= 253 && std::regex_match(text, form);
}

bool is_label_text(const std::string& text) {
    static const std::regex form("([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?");
    return text.size() <= 63 && std::regex_match(text, form);
}

/// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and …/labels/
void check_names(const Where& where, const json::value& object) {
    if (!is_name(where.name)) throw invalid(where, "metadata.name: not a DNS subdomain");
    if (where.plural == "services" && (!is_label(where.name) || !std::isalpha(where.name.front())))
        throw invalid(where, "metadata.name: not a DNS-1035 label");
    const auto* labels = value_at(object, {"metadata", "labels"});
    if (labels == nullptr) return;
    for (const auto& [key, value] : labels->as_object()) {
        const std::string whole(key);
        const auto slash = whole.rfind('/');
        const auto name = slash == whole.npos ? whole : whole.substr(slash + 1);
        if (name.empty() || !is_label_text(name)) throw invalid(where, "metadata.labels: key " + whole);
        if (!is_label_text(std::string(value.as_string())))
            throw invalid(where, "metadata.labels: value of " + whole);
    }
}

void check_pod(const Where& where, const json::value& pod) {
    std::set<std::string> volumes, ports;
    for (const auto& volume : pod.at("spec").at("volumes").as_array()) {
        const std::string name(volume.at("name").as_string());
        if (!is_label(name)) throw invalid(where, "spec.volumes: name " + name);
        if (!volumes.insert(name).second) throw invalid(where, "spec.volumes: twice " + name);
    }
    for (const auto& container : pod.at("spec").at("containers").as_array()) {
        if (!is_label(std::string(container.at("name").as_string())))
            throw invalid(where, "spec.containers: name");
        for (const auto& mount : container.at("volumeMounts").as_array())
            if (!volumes.contains(std::string(mount.at("name").as_string())))
                throw invalid(where, "spec.containers.volumeMounts: not found");
        const auto* list = container.as_object().if_contains("ports");
        if (list == nullptr) continue;
        for (const auto& port : list->as_array()) {
            if (!port.as_object().contains("name")) continue;
            const std::string name(port.at("name").as_string());
            if (name.size() > 15 || !is_label(name)) throw invalid(where, "ports.name " + name);
            if (!ports.insert(name).second) throw invalid(where, "ports.name twice " + name);
        }
    }
}

/// Kinds whose specs the server counts the changes of, as far as anybody here asks.
bool counts_changes(const Where& where) {
    return where.plural == "ingresses" || where.plural == "httproutes";
}

void check_service(const Where& where, const json::value& service) {
    const auto* ports = value_at(service, {"spec", "ports"});
    if (ports == nullptr || ports->as_array().empty()) throw invalid(where, "spec.ports: required");
    for (const auto& port : ports->as_array())
        if (!is_label(std::string(port.at("name").as_string()))) throw invalid(where, "spec.ports.name");
}

/// What the server fills in.
void complete(const Where& where, std::uint64_t number, json::object& object) {
    if (where.plural == "services")
        object["spec"].as_object()["clusterIP"] = fmt::format("10.96.{}.{}", number / 250, number % 250 + 1);
    if (where.plural == "pods" || where.plural == "persistentvolumeclaims")
        object["status"] = json::object{{"phase", "Pending"}};
    if (where.plural == "namespaces") object["status"] = json::object{{"phase", "Active"}};
    if (where.plural == "persistentvolumeclaims")
        object["metadata"].as_object()["finalizers"] = json::array{protection};
    if (const auto* plain = object.if_contains("stringData")) {
        object["data"] = *plain;  // Base64 is left out: nobody reads it back.
        object.erase("stringData");
    }
}

/// Counts the changes of what people want of it: of its spec, and that it shall go.
void count_generation(json::object& object, const json::value& before) {
    const json::value now(object);
    const auto at = [](const json::value& tree, std::initializer_list<std::string_view> path) {
        const auto* found = value_at(tree, path);
        return found == nullptr ? json::value() : *found;
    };
    const bool same = at(now, {"spec"}) == at(before, {"spec"}) &&
                      at(now, {"metadata", "deletionTimestamp"}).is_null() ==
                          at(before, {"metadata", "deletionTimestamp"}).is_null();
    object["metadata"].as_object()["generation"] =
        at(before, {"metadata", "generation"}).as_int64() + (same ? 0 : 1);
}

bool has_ended(const json::value& pod) {
    const auto phase = text_at(pod, {"status", "phase"});
    return phase == "Succeeded" || phase == "Failed";
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t from = 0; from < text.size();) {
        const auto end = std::min(text.find(',', from), text.size());
        parts.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return parts;
}

}  // namespace

json::object Refusal::body() const {
    json::object details;
    if (!cause.empty()) details["causes"] = json::array{json::object{{"reason", cause}}};
    if (retry_after) details["retryAfterSeconds"] = *retry_after;
    return {{"kind", "Status"},   {"apiVersion", "v1"}, {"metadata", json::object()}, {"status", "Failure"},
            {"message", message}, {"reason", reason},   {"details", details},         {"code", status}};
}

bool Selector::matches(const Where& where, const json::value& object) const {
    if (!namespace_.empty() && where.namespace_ != namespace_) return false;
    for (const auto& part : split(labels)) {
        const auto equals = part.find('=');
        const auto* all = value_at(object, {"metadata", "labels"});
        const auto* found = all == nullptr ? nullptr : all->as_object().if_contains(part.substr(0, equals));
        if (found == nullptr) return false;
        if (equals != part.npos && found->as_string() != part.substr(equals + 1)) return false;
    }
    for (const auto& part : split(fields)) {
        const auto equals = part.find('=');
        const auto* at = &object;
        const auto path = part.substr(0, equals);
        for (std::size_t from = 0; at != nullptr && from <= path.size();) {
            const auto end = std::min(path.find('.', from), path.size());
            const auto* entries = at->if_object();
            at = entries == nullptr ? nullptr : entries->if_contains(path.substr(from, end - from));
            from = end + 1;
        }
        const auto seen = at != nullptr && at->is_string() ? std::string(at->as_string()) : "";
        if (seen != part.substr(equals + 1)) return false;
    }
    return true;
}

json::value Objects::create(const std::string& plural, json::object object) {
    auto& about = object["metadata"].as_object();
    const auto text = [&](const char* key) {
        return about.contains(key) ? std::string(about.at(key).as_string()) : std::string();
    };
    const Where where{plural, text("namespace"), text("name")};
    if (!where.namespace_.empty()) {
        const auto* home = find({"namespaces", "", where.namespace_});
        if (home == nullptr)
            throw Refusal{404, "NotFound", fmt::format("namespaces \"{}\" not found", where.namespace_)};
        if (text_at(*home, {"status", "phase"}) == "Terminating")
            throw Refusal{403, "Forbidden",
                          fmt::format("{} \"{}\" is forbidden: unable to create new content in namespace {} "
                                      "because it is being terminated",
                                      plural, where.name, where.namespace_),
                          "NamespaceTerminating"};
    }
    const json::value whole(object);
    check_names(where, whole);
    if (plural == "pods") check_pod(where, whole);
    if (plural == "services") check_service(where, whole);
    if (objects_.contains(where))
        throw Refusal{409, "AlreadyExists", fmt::format("{} \"{}\" already exists", plural, where.name)};
    if (admit) admit(where, object);
    ++uids_;
    complete(where, uids_, object);
    auto& made = object["metadata"].as_object();
    made["uid"] = fmt::format("00000000-0000-4000-8000-{:012x}", uids_);
    made["creationTimestamp"] = to_string(clock_.now());
    made["resourceVersion"] = std::to_string(++version_);
    if (is_custom(plural)) {
        object.erase("status");
        object["metadata"].as_object()["generation"] = 1;
    }
    if (counts_changes(where)) made["generation"] = 1;
    const auto& kept = objects_[where] = json::value(std::move(object));
    const auto answer = kept;
    tell("ADDED", where, answer, {});
    return answer;
}

const json::value* Objects::find(const Where& where) const {
    const auto found = objects_.find(where);
    return found == objects_.end() ? nullptr : &found->second;
}

json::value Objects::edit(const Where& where, const std::function<void(json::object&)>& change) {
    const auto found = objects_.find(where);
    if (found == objects_.end())
        throw Refusal{404, "NotFound", fmt::format("{} \"{}\" not found", where.plural, where.name)};
    auto before = found->second;
    change(found->second.as_object());
    if (is_custom(where.plural)) count_generation(found->second.as_object(), before);
    if (found->second == before) return before;
    const auto* spec = value_at(found->second, {"spec"});
    if (counts_changes(where) && (spec == nullptr || *spec != before.at("spec"))) {
        auto& generation = found->second.as_object()["metadata"].as_object()["generation"];
        generation = generation.to_number<int>() + 1;
    }
    found->second.as_object()["metadata"].as_object()["resourceVersion"] = std::to_string(++version_);
    const auto answer = found->second;
    tell("MODIFIED", where, answer, std::move(before));
    settle_deletion(where);
    return answer;
}

json::value Objects::remove(const Where& where, const Deletion& deletion) {
    const auto* there = find(where);
    if (there == nullptr)
        throw Refusal{404, "NotFound", fmt::format("{} \"{}\" not found", where.plural, where.name)};
    const auto uid = text_at(*there, {"metadata", "uid"});
    const auto version = text_at(*there, {"metadata", "resourceVersion"});
    if ((!deletion.uid.empty() && deletion.uid != uid) ||
        (!deletion.version.empty() && deletion.version != version))
        throw Refusal{409, "Conflict",
                      fmt::format("Operation cannot be fulfilled on {} \"{}\": the UID in the precondition "
                                  "({}) does not match the UID in record ({})",
                                  where.plural, where.name, deletion.uid, uid)};
    int grace = 0;
    const bool on_node = where.plural == "pods" && !text_at(*there, {"spec", "nodeName"}).empty();
    if (on_node && !has_ended(*there)) {
        const auto* own = value_at(*there, {"spec", "terminationGracePeriodSeconds"});
        grace = deletion.grace_seconds.value_or(own == nullptr ? 30 : static_cast<int>(own->as_int64()));
    }
    const auto* finalizers = value_at(*there, {"metadata", "finalizers"});
    const bool held = finalizers != nullptr && !finalizers->as_array().empty();
    if (grace == 0 && !held && where.plural != "namespaces") {
        const auto last = *there;
        erase(where, uid);
        return last;
    }
    if (value_at(*there, {"metadata", "deletionTimestamp"}) != nullptr) return *there;
    return edit(where, [&](json::object& object) {
        auto& about = object["metadata"].as_object();
        about["deletionTimestamp"] = to_string(clock_.now() + std::chrono::seconds(grace));
        about["deletionGracePeriodSeconds"] = grace;
        if (where.plural == "namespaces") object["status"].as_object()["phase"] = "Terminating";
    });
}

/// What only finalizers held goes with the last of them.
void Objects::settle_deletion(const Where& where) {
    const auto* there = find(where);
    if (there == nullptr || where.plural == "pods" || where.plural == "namespaces") return;
    if (value_at(*there, {"metadata", "deletionTimestamp"}) == nullptr) return;
    const auto* finalizers = value_at(*there, {"metadata", "finalizers"});
    if (finalizers == nullptr || finalizers->as_array().empty())
        erase(where, text_at(*there, {"metadata", "uid"}));
}

void Objects::erase(const Where& where, const std::string& uid) {
    const auto found = objects_.find(where);
    if (found == objects_.end() || text_at(found->second, {"metadata", "uid"}) != uid) return;
    auto last = std::move(found->second);
    objects_.erase(found);
    const auto before = last;
    last.as_object()["metadata"].as_object()["resourceVersion"] = std::to_string(++version_);
    tell("DELETED", where, last, before);
}

std::vector<std::pair<Where, json::value>> Objects::list(const std::string& plural,
                                                         const Selector& selector) const {
    std::vector<std::pair<Where, json::value>> found;
    for (auto at = objects_.lower_bound({plural, "", ""}); at != objects_.end(); ++at) {
        if (at->first.plural != plural) break;
        if (selector.matches(at->first, at->second)) found.emplace_back(at->first, at->second);
    }
    return found;
}

std::optional<std::vector<Told>> Objects::since(std::uint64_t version) const {
    if (version < forgotten_) return std::nullopt;
    const auto number = [](const Told& change) { return change->version; };
    const auto first = std::ranges::upper_bound(history_, version, {}, number);
    return std::vector<Told>(first, history_.end());
}

void Objects::forget() {
    forgotten_ = version_;
    history_.clear();
}

void Objects::tell(std::string type, const Where& where, const json::value& object, json::value before) {
    constexpr std::size_t history_max = 2000;
    history_.push_back(
        std::make_shared<const Change>(Change{version_, std::move(type), where, object, std::move(before)}));
    if (history_.size() > history_max) {
        forgotten_ = history_.front()->version;
        history_.pop_front();
    }
    const auto change = history_.back();
    for (const auto& listener : listeners) listener(*change);
}

bool is_custom(const std::string& plural) {
    return plural == "templates" || plural == "sessions" || plural == "workspaces";
}

std::string kind_of(const std::string& plural) {
    for (const auto& kind : kinds)
        if (plural == kind.plural) return kind.kind;
    return plural;
}

json::value only_metadata(const json::value& object) {
    return json::object{{"kind", "PartialObjectMetadata"},
                        {"apiVersion", "meta.k8s.io/v1"},
                        {"metadata", object.at("metadata")}};
}

const json::value* value_at(const json::value& object, std::initializer_list<std::string_view> path) {
    const auto* at = &object;
    for (const auto key : path) {
        const auto* entries = at->if_object();
        at = entries == nullptr ? nullptr : entries->if_contains(key);
        if (at == nullptr) return nullptr;
    }
    return at;
}

std::string text_at(const json::value& object, std::initializer_list<std::string_view> path) {
    const auto* found = value_at(object, path);
    return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

std::string label_of(const json::value& object, std::string_view name) {
    const auto* labels = value_at(object, {"metadata", "labels"});
    const auto* found = labels == nullptr ? nullptr : labels->as_object().if_contains(name);
    return found == nullptr ? std::string() : std::string(found->as_string());
}

void merge(json::object& into, const json::object& patch) {
    for (const auto& [key, value] : patch) {
        if (value.is_null()) {
            into.erase(key);
        } else if (value.is_object()) {
            auto& place = into[key];
            if (!place.is_object()) place = json::object();
            merge(place.as_object(), value.as_object());
        } else {
            into[key] = value;
        }
    }
}

}  // namespace berth::imposter
