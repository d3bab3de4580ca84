#pragma once

#include <boost/core/demangle.hpp>
#include <typeinfo>

#include "crds/field.hpp"

/// Structural schemas of described types, by reflection: what the codec reads is what the cluster takes.
///
/// The types say names, kinds and defaults; `find_field` says what else holds. Nothing is written down twice.
namespace berth::crds {

/// Of a spec people write parts, so what is absent has its default; a status is written whole.
enum class Part { spec, status };

/// `TemplateSpec`, without its namespace.
template <class T>
std::string type_name() {
    const auto full = boost::core::demangle(typeid(T).name());
    return full.substr(full.rfind(':') + 1);
}

/// `TemplateSpec.displayName`: the key of a member in the table of fields.
template <class T>
std::string field_name(std::string_view member) {
    return type_name<T>() + "." + json::wire_name(member);
}

namespace detail {

json::object plain(std::string_view type, std::string_view format = {});
json::object quantity(std::string_view pattern);
/// Adds what the table says of a member to the schema of its type.
void add_field(json::object& schema, const Field& field);
/// Adds the rules of a type, and what it stands for unless a member says so.
void add_type(json::object& schema, const Field& field);
/// Whether a default goes without saying: nothing, `""`, `[]`.
bool is_empty(const json::value& value);

}  // namespace detail

template <class T>
json::object schema_of(Part part);

namespace detail {

template <class T>
json::object struct_schema(Part part) {
    json::object properties;
    json::array required;
    const auto fresh = json::to_json(T{});
    boost::mp11::mp_for_each<json::detail::Members<T>>([&](auto member) {
        using Member = std::decay_t<decltype(std::declval<T>().*member.pointer)>;
        const auto key = json::wire_name(member.name);
        const auto& field = find_field(field_name<T>(member.name));
        auto schema = schema_of<Member>(part);
        add_field(schema, field);
        const auto* initial = fresh.as_object().if_contains(key);
        if (field.required)
            required.emplace_back(key);
        else if (part == Part::spec && initial != nullptr && !is_empty(*initial))
            schema.emplace("default", json::detail::Struct<Member> ? json::object() : *initial);
        properties.emplace(key, std::move(schema));
    });
    json::object schema = plain("object");
    if (!required.empty()) schema.emplace("required", std::move(required));
    schema.emplace("properties", std::move(properties));
    add_type(schema, find_field(type_name<T>()));
    return schema;
}

template <json::detail::Enum T>
json::object enum_schema() {
    json::array names;
    for (const auto& name : json::enum_names<T>()) names.emplace_back(name);
    auto schema = plain("string");
    schema.emplace("enum", std::move(names));
    return schema;
}

}  // namespace detail

/// The structural schema of `T` (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/
/// custom-resource-definitions/#specifying-a-structural-schema). A type or member that the table of fields
/// does not have is a defect and throws.
template <class T>
json::object schema_of(Part part) {
    if constexpr (json::detail::is_a<T, std::optional>::value) {
        return schema_of<typename T::value_type>(part);
    } else if constexpr (json::detail::is_a<T, std::vector>::value) {
        auto schema = detail::plain("array");
        schema.emplace("items", schema_of<typename T::value_type>(part));
        return schema;
    } else if constexpr (json::detail::is_a<T, std::map>::value) {
        auto schema = detail::plain("object");
        schema.emplace("additionalProperties", schema_of<typename T::mapped_type>(part));
        return schema;
    } else if constexpr (json::detail::Enum<T>) {
        return detail::enum_schema<T>();
    } else if constexpr (json::detail::Struct<T>) {
        return detail::struct_schema<T>(part);
    } else if constexpr (std::is_same_v<T, MilliCpu>) {
        return detail::quantity(cpu_pattern.expression);
    } else if constexpr (std::is_same_v<T, Bytes>) {
        return detail::quantity(bytes_pattern.expression);
    } else if constexpr (std::is_same_v<T, Duration>) {
        auto schema = detail::plain("string");
        schema.emplace("minLength", 1);
        schema.emplace("maxLength", amount_max);
        schema.emplace("pattern", duration_pattern.expression);
        return schema;
    } else if constexpr (std::is_same_v<T, Time>) {
        return detail::plain("string", "date-time");
    } else if constexpr (std::is_same_v<T, bool>) {
        return detail::plain("boolean");
    } else if constexpr (std::is_floating_point_v<T>) {
        return detail::plain("number", "double");
    } else if constexpr (std::is_integral_v<T>) {
        return detail::plain("integer", sizeof(T) == 8 ? "int64" : "int32");
    } else {
        static_assert(std::is_same_v<T, std::string>);
        return detail::plain("string");
    }
}

}  // namespace berth::crds
