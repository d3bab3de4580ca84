// What a namespace has in it before any workload, and the namespace itself.

#include "engine/kubernetes/render.hpp"

namespace berth::engine::kubernetes {
namespace {

constexpr const char* limits_name = "berth";

json::object about_limits(const Place& place) {
    return {{"name", limits_name},
            {"namespace", place.namespace_},
            {"labels", json::object{{label_managed, "berth"}, {label_instance, place.instance}}}};
}

json::object amounts(const Allowance& allowance, const std::string& prefix) {
    json::object all;
    if (allowance.cpu) all[prefix + "cpu"] = to_string(*allowance.cpu);
    if (allowance.memory) all[prefix + "memory"] = to_string(*allowance.memory);
    return all;
}

}  // namespace

json::object render_namespace(const Place& place, const Space& space, const std::string& level) {
    const json::object labels{{label_managed, "berth"},
                              {label_instance, place.instance},
                              {label_space, space_id(place.spread, space)},
                              {label_security, level}};
    return {{"metadata", json::object{{"name", place.namespace_}, {"labels", labels}}}};
}

json::object render_quota(const Place& place, const Allowance& allowance) {
    return {{"metadata", about_limits(place)},
            {"spec", json::object{{"hard", amounts(allowance, "limits.")}}}};
}

json::object render_limits(const Place& place, const Allowance& allowance) {
    // What the API server would fill in is said, so that the object reads back as it was written.
    const auto most = amounts(allowance, "");
    const json::object container{
        {"type", "Container"}, {"max", most}, {"default", most}, {"defaultRequest", most}};
    return {{"metadata", about_limits(place)}, {"spec", json::object{{"limits", json::array{container}}}}};
}

json::object render_pull_secret(const Place& place, const json::value& source) {
    const auto& from = source.as_object();
    const json::object about{
        {"name", from.at("metadata").at("name")},
        {"namespace", place.namespace_},
        {"labels", json::object{{label_managed, "berth"}, {label_instance, place.instance}}},
        {"annotations", json::object{{note_source, from.at("metadata").at("resourceVersion")}}}};
    json::object made{{"metadata", about}};
    for (const char* key : {"type", "data"})
        if (const auto* value = from.if_contains(key)) made[key] = *value;
    return made;
}

json::object render_init(const Place& place, std::string_view base64) {
    return {
        {"metadata",
         json::object{{"name", place.init_config_map},
                      {"namespace", place.namespace_},
                      {"labels", json::object{{label_managed, "berth"}, {label_instance, place.instance}}}}},
        {"immutable", true},
        {"binaryData", json::object{{"init", base64}}}};
}

}  // namespace berth::engine::kubernetes
