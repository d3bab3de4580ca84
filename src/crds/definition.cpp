#include "crds/definition.hpp"

#include <fmt/format.h>

#include "crds/kinds.hpp"
#include "crds/resources.hpp"
#include "crds/schema.hpp"

namespace berth::crds {
namespace {

struct Column {
    std::string_view name, path;
    std::string_view type = "string";
    bool wide = false;  // Only with `-o wide`.
};

/// What is to be said of one kind besides its schemas.
struct Shape {
    kube::Resource kind;
    std::string_view singular, short_name, meaning;
    Rule name;  // What its name has to be.
    std::vector<Column> columns;
};

constexpr Column age{"Age", ".metadata.creationTimestamp", "date"};

Rule short_enough() {
    return {fmt::format("self.metadata.name.size() <= {}", limits::name_max),
            fmt::format("metadata.name: at most {} characters", limits::name_max)};
}

Rule label() {
    return {
        fmt::format("self.metadata.name.size() <= {} && self.metadata.name.matches('{}')", limits::label_max,
                    label_pattern.expression),
        fmt::format("metadata.name: at most {} characters a-z, 0-9 and inner hyphens", limits::label_max)};
}

json::array columns_of(const Shape& shape) {
    json::array columns;
    for (const auto& column : shape.columns) {
        json::object entry{{"name", column.name}, {"type", column.type}, {"jsonPath", column.path}};
        if (column.wide) entry.emplace("priority", 1);
        columns.push_back(std::move(entry));
    }
    return columns;
}

/// Keys as a reader wants them: what it is, what holds of it, what is in it.
json::value in_order(const json::value& schema);

json::object each_in_order(const json::object& properties) {
    json::object ordered;
    for (const auto& entry : properties) ordered.emplace(entry.key(), in_order(entry.value()));
    return ordered;
}

json::value in_order(const json::value& schema) {
    const auto& entries = schema.as_object();
    json::object ordered;
    if (const auto* found = entries.if_contains("description")) ordered.emplace("description", *found);
    for (const auto& entry : entries) {
        const auto key = entry.key();
        if (key != "description" && key != "properties" && key != "items" && key != "additionalProperties")
            ordered.emplace(key, entry.value());
    }
    for (const auto* inner : {"items", "additionalProperties"})
        if (const auto* found = entries.if_contains(inner)) ordered.emplace(inner, in_order(*found));
    if (const auto* found = entries.if_contains("properties"))
        ordered.emplace("properties", each_in_order(found->as_object()));
    return ordered;
}

template <class Spec, class Status>
json::value root_schema(const Shape& shape) {
    json::object root = detail::plain("object");
    root.emplace("required", json::array{"spec"});
    root.emplace("properties", json::object{{"apiVersion", detail::plain("string")},
                                            {"kind", detail::plain("string")},
                                            {"metadata", detail::plain("object")},
                                            {"spec", schema_of<Spec>(Part::spec)},
                                            {"status", schema_of<Status>(Part::status)}});
    detail::add_type(root, {.meaning = shape.meaning, .rules = {shape.name}});
    return in_order(root);
}

template <class Spec, class Status>
json::object definition(const Shape& shape) {
    const auto& kind = shape.kind;
    json::object names{{"kind", kind.kind},
                       {"listKind", std::string(kind.kind) + "List"},
                       {"plural", kind.plural},
                       {"singular", shape.singular},
                       {"shortNames", json::array{shape.short_name}},
                       {"categories", json::array{"berth"}}};
    json::object served{{"name", kind.version},
                        {"served", true},
                        {"storage", true},
                        {"additionalPrinterColumns", columns_of(shape)},
                        {"subresources", {{"status", json::object()}}},
                        {"schema", {{"openAPIV3Schema", root_schema<Spec, Status>(shape)}}}};
    return {{"apiVersion", "apiextensions.k8s.io/v1"},
            {"kind", "CustomResourceDefinition"},
            {"metadata",
             {{"name", fmt::format("{}.{}", kind.plural, kind.group)},
              {"annotations", {{note_definitions, std::to_string(definitions_number)}}}}},
            {"spec",
             {{"group", kind.group},
              {"scope", "Namespaced"},
              {"names", std::move(names)},
              {"versions", json::array{std::move(served)}}}}};
}

Shape template_shape() {
    return {.kind = templates,
            .singular = "template",
            .short_name = "btpl",
            .meaning = "What a session is made of. Each change is a new revision; sessions keep theirs.",
            .name = label(),
            .columns = {{"Display name", ".spec.displayName"},
                        {"Category", ".spec.category"},
                        {"Revision", ".status.revision", "integer"},
                        age}};
}

Shape session_shape() {
    return {.kind = sessions,
            .singular = "session",
            .short_name = "bses",
            .meaning = "One user's running, frozen, hibernated or failed instance of a template.",
            .name = short_enough(),
            .columns = {{"User", ".spec.user"},
                        {"Template", ".spec.template"},
                        {"State", ".status.state"},
                        {"Phase", ".status.phase"},
                        {"URL", ".status.url"},
                        {"Reason", ".status.reason", "string", true},
                        age}};
}

Shape workspace_shape() {
    return {.kind = workspaces,
            .singular = "workspace",
            .short_name = "bws",
            .meaning = "A user's named storage, which outlives sessions.",
            .name = short_enough(),
            .columns = {{"User", ".spec.user"},
                        {"Template", ".spec.template"},
                        {"Size", ".status.size"},
                        {"Session", ".status.session"},
                        age}};
}

}  // namespace

json::array definitions() {
    return {definition<TemplateSpec, TemplateStatus>(template_shape()),
            definition<SessionSpec, SessionStatus>(session_shape()),
            definition<WorkspaceSpec, WorkspaceStatus>(workspace_shape())};
}

}  // namespace berth::crds
