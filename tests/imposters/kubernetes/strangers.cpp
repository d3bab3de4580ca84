#include "imposters/kubernetes/strangers.hpp"

#include <fmt/format.h>

namespace berth::imposter {
namespace {

constexpr const char* instance = "berth.dev/instance";
constexpr Duration borrowed_most{std::chrono::seconds(30)};
const char* const kinds[] = {"pods", "services", "secrets", "configmaps", "networkpolicies"};

json::object minimal(const Where& where) {
    const json::object about{{"name", where.name}, {"namespace", where.namespace_}};
    json::object object{{"metadata", about}, {"spec", json::object()}};
    auto& spec = object["spec"].as_object();
    if (where.plural == "services")
        spec["ports"] = json::array{json::object{{"name", "theirs"}, {"port", 1}}};
    if (where.plural == "pods") {
        spec["volumes"] = json::array();
        const json::object one{{"name", "theirs"}, {"image", "theirs"}, {"volumeMounts", json::array()}};
        spec["containers"] = json::array{one};
    }
    return object;
}

}  // namespace

Strangers::Strangers(asio::any_io_executor executor, Clock& clock, ApiServer& server, std::uint64_t seed)
    : clock_(clock), objects_(server.objects), dice_(seed), tasks_(executor) {
    objects_.listeners.emplace_back([this](const Change& change) { hear(change); });
    objects_.admit = [this](const Where& where, const json::object&) { admit(where); };
}

void Strangers::admit(const Where& where) const {
    if (where.plural != "pods" || !pods_max_) return;
    const auto used = objects_.list("pods", {}).size();
    if (static_cast<int>(used) < *pods_max_) return;
    throw Refusal{
        403, "Forbidden",
        fmt::format("pods \"{}\" is forbidden: exceeded quota: few, requested: pods=1, used: pods={}",
                    where.name, used)};
}

void Strangers::put(const Where& where) {
    if (objects_.find(where) != nullptr) return;
    try {
        const auto made = objects_.create(where.plural, minimal(where));
        theirs_[where] = text_at(made, {"metadata", "uid"});
    } catch (const Refusal&) {
        // Neither do they always get what they want.
    }
}

void Strangers::hear(const Change& change) {
    const bool network = change.where.plural == "configmaps" && !label_of(change.object, instance).empty() &&
                         !label_of(change.object, "berth.dev/workload").empty();
    if (!network || change.type == "MODIFIED" || !dice_.chance(takes_names)) return;
    auto where = change.where;
    where.plural = change.type == "DELETED" ? "configmaps" : kinds[dice_.number(4)];
    if (where.plural == "pods" || where.plural == "services") where.name += "-c0";
    put(where);
}

std::optional<Where> Strangers::some_of_ours(bool claims) {
    std::vector<Where> found;
    for (const auto& [where, object] : objects_.all())
        if (!label_of(object, instance).empty() && !is_custom(where.plural) &&
            (where.plural == "persistentvolumeclaims") == claims)
            found.push_back(where);
    if (found.empty()) return std::nullopt;
    return found[dice_.number(found.size() - 1)];
}

void Strangers::delete_something() {
    if (const auto where = some_of_ours(false)) objects_.remove(*where, {});
}

void Strangers::delete_claim() {
    const auto where = some_of_ours(true);
    if (!where) return;
    for (const auto& [place, pod] : objects_.list("pods", {}))
        for (const auto& volume : pod.at("spec").at("volumes").as_array())
            if (text_at(volume, {"persistentVolumeClaim", "claimName"}) == where->name) return;
    objects_.remove(*where, {});
}

void Strangers::edit_something() {
    const auto where = some_of_ours(false);
    if (!where) return;
    const auto uid = text_at(*objects_.find(*where), {"metadata", "uid"});
    switch (dice_.number(3)) {
        case 3:
            open_up(*where);
            break;
        case 0:
            tasks_.start("borrow a label", borrow_label(*where, uid));
            break;
        case 1:
            objects_.edit(*where, [](json::object& object) {
                auto& about = object["metadata"].as_object();
                auto& notes = about["annotations"];
                if (!notes.is_object()) notes = json::object();
                notes.as_object()["stranger"] = "was here";
            });
            break;
        default:
            if (where->plural != "pods") break;
            objects_.edit(*where, [](json::object& object) {
                auto* notes = object["metadata"].as_object().if_contains("annotations");
                if (notes == nullptr || !notes->is_object()) return;
                for (auto& [name, value] : notes->as_object()) value = "{broken";
            });
    }
}

/// Lets more in than we do: by a policy or by a service.
void Strangers::open_up(const Where& where) {
    objects_.edit(where, [&](json::object& object) {
        if (where.plural == "networkpolicies")
            object["spec"].as_object()["ingress"] = json::array{json::object()};
        if (where.plural == "services") object["spec"].as_object()["type"] = "NodePort";
    });
}

/// Takes the label away that says whose it is, and gives it back.
Task<> Strangers::borrow_label(Where where, std::string uid) {
    std::string value;
    objects_.edit(where, [&](json::object& object) {
        auto& labels = object["metadata"].as_object()["labels"].as_object();
        value = std::string(labels.at(instance).as_string());
        labels.erase(instance);
    });
    co_await clock_.sleep(dice_.up_to(borrowed_most));
    const auto* there = objects_.find(where);
    if (there == nullptr || text_at(*there, {"metadata", "uid"}) != uid) co_return;
    objects_.edit(where, [&](json::object& object) {
        object["metadata"].as_object()["labels"].as_object()[instance] = value;
    });
}

void Strangers::delete_namespace(const std::string& name) {
    const Where where{"namespaces", "", name};
    if (objects_.find(where) != nullptr) objects_.remove(where, {});
    // What is theirs goes with it, and that is their own doing.
    std::erase_if(theirs_, [&](const auto& one) { return one.first.namespace_ == name; });
}

std::vector<std::string> Strangers::wronged() const {
    std::vector<std::string> found;
    for (const auto& [where, uid] : theirs_) {
        const auto* there = objects_.find(where);
        const bool same = there != nullptr && text_at(*there, {"metadata", "uid"}) == uid &&
                          value_at(*there, {"metadata", "deletionTimestamp"}) == nullptr &&
                          label_of(*there, instance).empty();
        if (!same) found.push_back(where.plural + "/" + where.name);
    }
    return found;
}

void Strangers::leave() {
    takes_names = 0;
    pods_max_.reset();
    for (const auto& [where, uid] : theirs_)
        if (objects_.find(where) != nullptr) objects_.remove(where, {.uid = uid, .grace_seconds = 0});
    theirs_.clear();
}

}  // namespace berth::imposter
