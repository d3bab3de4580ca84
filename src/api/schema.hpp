#pragma once

#include <boost/core/demangle.hpp>
#include <typeinfo>

#include "api/views.hpp"

/// JSON Schema 2020-12 of described types, by reflection: what the codec writes is what the schema says.
namespace berth::api {

/// The named schemas of a document. Structs and enums are referred to, everything else is written in place.
class Schemas {
  public:
    /// The schema of `T`; describes whatever it refers to first.
    template <class T>
    json::value of();

    /// `{name: schema}` in the order of names.
    json::object take();

    /// The name of a described type: `Session`, and `SessionList` for `List<Session>`.
    template <class T>
    static std::string name_of();

  private:
    template <class T>
    json::object of_struct();

    /// False when `name` is there already; two types of one name are a defect and throw.
    bool claim(const std::string& name, const std::type_info& type);

    std::map<std::string, json::value> named_;
    std::map<std::string, std::string> claimed_;
};

namespace detail {

template <class T>
using is_list = json::detail::is_a<T, view::List>;

/// The schema of what is written as a string or number: quantities, times, ids.
template <class T>
json::object plain_schema() {
    if constexpr (std::is_same_v<T, Time>)
        return {{"type", "string"}, {"format", "date-time"}};
    else if constexpr (std::is_same_v<T, Duration>)
        return {{"type", "string"}, {"format", "duration-text"}, {"examples", json::array{"1h30m"}}};
    else if constexpr (std::is_same_v<T, Bytes>)
        return {{"type", "string"}, {"format", "byte-quantity"}, {"examples", json::array{"10Gi"}}};
    else if constexpr (std::is_same_v<T, MilliCpu>)
        return {{"type", "string"}, {"format", "cpu-quantity"}, {"examples", json::array{"500m"}}};
    else if constexpr (std::is_same_v<T, bool>)
        return {{"type", "boolean"}};
    else if constexpr (std::is_floating_point_v<T>)
        return {{"type", "number"}, {"format", "double"}};
    else if constexpr (std::is_arithmetic_v<T>)
        return {{"type", "integer"}, {"format", sizeof(T) == 8 ? "int64" : "int32"}};
    else if constexpr (std::is_same_v<T, json::object>)
        return {{"type", "object"}, {"additionalProperties", true}};
    else if constexpr (std::is_same_v<T, json::value>)
        return {};
    else
        return {{"type", "string"}};
}

}  // namespace detail

template <class T>
std::string Schemas::name_of() {
    if constexpr (detail::is_list<T>::value) {
        return name_of<typename decltype(T::items)::value_type>() + "List";
    } else {
        const auto full = boost::core::demangle(typeid(T).name());
        return full.substr(full.rfind(':') + 1);
    }
}

template <class T>
json::object Schemas::of_struct() {
    json::object properties;
    json::array required;
    boost::mp11::mp_for_each<json::detail::Members<T>>([&](auto member) {
        using Field = std::decay_t<decltype(std::declval<T>().*member.pointer)>;
        const auto key = json::wire_name(member.name);
        properties.emplace(key, of<Field>());
        if constexpr (!json::detail::is_a<Field, std::optional>::value) required.emplace_back(key);
    });
    json::object schema{{"type", "object"}, {"properties", std::move(properties)}};
    if (!required.empty()) schema.emplace("required", std::move(required));
    return schema;
}

template <class T>
json::value Schemas::of() {
    if constexpr (json::detail::is_a<T, std::optional>::value) {
        return of<typename T::value_type>();
    } else if constexpr (json::detail::is_a<T, std::vector>::value) {
        return json::object{{"type", "array"}, {"items", of<typename T::value_type>()}};
    } else if constexpr (json::detail::is_a<T, std::map>::value) {
        return json::object{{"type", "object"}, {"additionalProperties", of<typename T::mapped_type>()}};
    } else if constexpr (json::detail::Enum<T> || json::detail::Struct<T>) {
        const auto name = name_of<T>();
        if (claim(name, typeid(T))) {
            json::value schema;
            if constexpr (json::detail::Enum<T>) {
                json::array names;
                for (const auto& entry : json::enum_names<T>()) names.emplace_back(entry);
                schema = json::object{{"type", "string"}, {"enum", std::move(names)}};
            } else {
                schema = of_struct<T>();
            }
            named_[name] = std::move(schema);
        }
        return json::object{{"$ref", "#/components/schemas/" + name}};
    } else {
        return detail::plain_schema<T>();
    }
}

}  // namespace berth::api
