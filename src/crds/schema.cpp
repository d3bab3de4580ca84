#include "crds/schema.hpp"

namespace berth::crds::detail {
namespace {

bool is_type(const json::object& schema, std::string_view type) {
    const auto* found = schema.if_contains("type");
    return found != nullptr && *found == json::value(type);
}

/// Where a limit of texts goes: the schema itself, or that of each item.
json::object& text_of(json::object& schema) {
    for (const auto* inner : {"items", "additionalProperties"})
        if (auto* found = schema.if_contains(inner)) return found->as_object();
    return schema;
}

void add_limits(json::object& schema, const Field& field) {
    auto& text = text_of(schema);
    if (field.longest) text["maxLength"] = *field.longest;
    if (!field.pattern.expression.empty()) text["pattern"] = field.pattern.expression;
    if (field.least) schema["minItems"] = *field.least;
    if (field.most) schema[is_type(schema, "array") ? "maxItems" : "maxProperties"] = *field.most;
    if (field.lowest) schema["minimum"] = *field.lowest;
    if (field.highest) schema["maximum"] = *field.highest;
}

void add_rules(json::object& schema, const std::vector<Rule>& rules) {
    if (rules.empty()) return;
    auto& all = schema["x-kubernetes-validations"];
    if (all.is_null()) all.emplace_array();
    for (const auto& rule : rules) {
        json::object entry{{"rule", rule.expression}, {"message", rule.message}};
        if (!rule.path.empty()) entry.emplace("fieldPath", rule.path);
        all.as_array().push_back(std::move(entry));
    }
}

}  // namespace

json::object plain(std::string_view type, std::string_view format) {
    json::object schema{{"type", type}};
    if (!format.empty()) schema.emplace("format", format);
    return schema;
}

json::object quantity(std::string_view pattern) {
    return {{"x-kubernetes-int-or-string", true}, {"pattern", pattern}};
}

void add_field(json::object& schema, const Field& field) {
    schema["description"] = field.meaning;
    add_limits(schema, field);
    if (is_type(schema, "array")) {
        schema["x-kubernetes-list-type"] = field.key.empty() ? "atomic" : "map";
        if (!field.key.empty()) schema["x-kubernetes-list-map-keys"] = json::array{field.key};
    }
    add_rules(schema, field.rules);
}

void add_type(json::object& schema, const Field& field) {
    schema["description"] = field.meaning;
    add_rules(schema, field.rules);
}

bool is_empty(const json::value& value) {
    if (const auto* text = value.if_string()) return text->empty();
    if (const auto* list = value.if_array()) return list->empty();
    if (const auto* map = value.if_object()) return map->empty();
    return value.is_null();
}

}  // namespace berth::crds::detail
