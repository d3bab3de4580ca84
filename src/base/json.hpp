#pragma once

#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <boost/mp11.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/quantity.hpp"

/// The codec between described structs and JSON: the wire is the struct.
///
/// Member `memory_mib` travels as `memoryMib`, `namespace_` as `namespace`. Absent keys keep the default of
/// the struct, empty optionals are not written, wrong types are reported with their path
/// (`limits.memory: expected a string`). Boost.Describe gives the members; nothing is generated.
namespace berth::json {

using boost::json::array;
using boost::json::object;
using boost::json::string;
using boost::json::value;

/// What to do with a key that the struct does not have.
enum class Unknown {
    ignore,  ///< For what other programs send us: they may know more than we do.
    refuse,  ///< For what people write: names the nearest known key.
};

/// Parses text of at most 1 MiB and depth 64. Throws `invalid` (`malformed_json`).
value parse(std::string_view text);

/// Compact text, keys in the order of the struct.
std::string write(const value& tree);

/// Text for people, two spaces a level, with a newline at the end.
std::string write_pretty(const value& tree);

/// `memory_mib` -> `memoryMib`, `namespace_` -> `namespace`.
std::string wire_name(std::string_view member);

/// `a.b`, or just `b` when `a` is empty.
std::string join_path(std::string_view path, std::string_view key);

/// Throws `invalid` (`invalid_field`): `path: expected wanted`.
[[noreturn]] void refuse_type(std::string_view path, std::string_view wanted);

/// Throws `invalid` (`unknown_key`): `path.key is not known`, next: `did you mean "nearest"?`.
[[noreturn]] void refuse_key(std::string_view path, std::string_view key,
                             const std::vector<std::string>& known);

namespace detail {

template <class T, template <class...> class Template>
struct is_a : std::false_type {};
template <template <class...> class Template, class... Args>
struct is_a<Template<Args...>, Template> : std::true_type {};

template <class T>
concept Struct = boost::describe::has_describe_members<T>::value && std::is_class_v<T>;
template <class T>
concept Enum = boost::describe::has_describe_enumerators<T>::value;
template <class T>
concept IsId = requires(T id) { []<class Noun>(const Id<Noun>&) {}(id); };
template <class T>
concept Quantity = std::is_same_v<T, Bytes> || std::is_same_v<T, MilliCpu> || std::is_same_v<T, Duration> ||
                   std::is_same_v<T, Time>;

template <class T>
using Members =
    boost::describe::describe_members<T, boost::describe::mod_any_access | boost::describe::mod_inherited>;

void read_quantity(const value& tree, std::string_view path, Bytes& out);
void read_quantity(const value& tree, std::string_view path, MilliCpu& out);
void read_quantity(const value& tree, std::string_view path, Duration& out);
void read_quantity(const value& tree, std::string_view path, Time& out);

}  // namespace detail

template <class T>
value to_json(const T& thing);

/// Reads `tree` into `out`, which keeps what `tree` does not mention. `path` goes into messages.
template <class T>
void read(const value& tree, T& out, Unknown unknown = Unknown::ignore, std::string_view path = {});

template <class T>
T from_json(const value& tree, Unknown unknown = Unknown::ignore) {
    T thing{};
    read(tree, thing, unknown);
    return thing;
}

/// The name of a described enumerator as it travels: `on_failure` -> `onFailure`.
template <detail::Enum E>
std::string enum_name(E entry) {
    const char* name = boost::describe::enum_to_string(entry, "");
    return wire_name(name);
}

/// All names of a described enum, in order.
template <detail::Enum E>
std::vector<std::string> enum_names() {
    std::vector<std::string> names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
        [&](auto entry) { names.push_back(wire_name(entry.name)); });
    return names;
}

/// Reads a described enumerator. Throws `invalid` and names the nearest known one.
template <detail::Enum E>
E parse_enum(std::string_view text, std::string_view path = {}) {
    std::optional<E> found;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto entry) {
        if (wire_name(entry.name) == text) found = entry.value;
    });
    if (found) return *found;
    std::string wanted = "one of";
    for (const auto& name : enum_names<E>()) wanted += " " + name;
    refuse_type(path, wanted + ", not " + quoted(text.substr(0, 64)));
}

/// The keys of a described struct as they travel.
template <detail::Struct T>
std::vector<std::string> keys_of() {
    std::vector<std::string> keys;
    boost::mp11::mp_for_each<detail::Members<T>>(
        [&](auto member) { keys.push_back(wire_name(member.name)); });
    return keys;
}

template <class T>
value to_json(const T& thing) {
    if constexpr (std::is_same_v<T, value>) {
        return thing;
    } else if constexpr (std::is_same_v<T, object> || std::is_same_v<T, array> ||
                         std::is_same_v<T, std::string> || std::is_arithmetic_v<T>) {
        return value(thing);
    } else if constexpr (detail::Quantity<T>) {
        return value(to_string(thing));
    } else if constexpr (detail::IsId<T>) {
        return value(thing.text);
    } else if constexpr (detail::Enum<T>) {
        return value(enum_name(thing));
    } else if constexpr (detail::is_a<T, std::optional>::value) {
        return thing ? to_json(*thing) : value();
    } else if constexpr (detail::is_a<T, std::vector>::value) {
        array list;
        list.reserve(thing.size());
        for (const auto& entry : thing) list.push_back(to_json(entry));
        return list;
    } else if constexpr (detail::is_a<T, std::map>::value) {
        object entries;
        for (const auto& [key, entry] : thing) entries.emplace(key, to_json(entry));
        return entries;
    } else {
        static_assert(detail::Struct<T>, "describe this type with BOOST_DESCRIBE_STRUCT");
        object entries;
        boost::mp11::mp_for_each<detail::Members<T>>([&](auto member) {
            const auto& field = thing.*member.pointer;
            if constexpr (detail::is_a<std::decay_t<decltype(field)>, std::optional>::value) {
                if (!field) return;
            }
            entries.emplace(wire_name(member.name), to_json(field));
        });
        return entries;
    }
}

namespace detail {

template <class T>
void read_number(const value& tree, T& out, std::string_view path) {
    boost::system::error_code ec;
    if constexpr (std::is_floating_point_v<T>) {
        if (!tree.is_number()) refuse_type(path, "expected a number");
        out = tree.to_number<T>(ec);
    } else {
        if (!tree.is_int64() && !tree.is_uint64()) refuse_type(path, "expected a whole number");
        out = tree.to_number<T>(ec);
    }
    if (ec) refuse_type(path, "number out of range");
}

template <Struct T>
void read_struct(const value& tree, T& out, Unknown unknown, std::string_view path) {
    const auto* entries = tree.if_object();
    if (entries == nullptr) refuse_type(path, "expected an object");
    if (unknown == Unknown::refuse) {
        const auto known = keys_of<T>();
        for (const auto& entry : *entries)
            if (std::find(known.begin(), known.end(), std::string(entry.key())) == known.end())
                refuse_key(path, entry.key(), known);
    }
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
        const auto key = wire_name(member.name);
        if (const auto* found = entries->if_contains(key))
            read(*found, out.*member.pointer, unknown, join_path(path, key));
    });
}

}  // namespace detail

template <class T>
void read(const value& tree, T& out, Unknown unknown, std::string_view path) {
    if constexpr (std::is_same_v<T, value>) {
        out = tree;
    } else if constexpr (std::is_same_v<T, object>) {
        if (!tree.is_object()) refuse_type(path, "expected an object");
        out = tree.get_object();
    } else if constexpr (std::is_same_v<T, array>) {
        if (!tree.is_array()) refuse_type(path, "expected a list");
        out = tree.get_array();
    } else if constexpr (std::is_same_v<T, bool>) {
        if (!tree.is_bool()) refuse_type(path, "expected true or false");
        out = tree.get_bool();
    } else if constexpr (std::is_arithmetic_v<T>) {
        detail::read_number(tree, out, path);
    } else if constexpr (std::is_same_v<T, std::string>) {
        if (!tree.is_string()) refuse_type(path, "expected a string");
        out = tree.get_string();
    } else if constexpr (detail::Quantity<T>) {
        detail::read_quantity(tree, path, out);
    } else if constexpr (detail::IsId<T>) {
        if (!tree.is_string()) refuse_type(path, "expected a string");
        out.text = tree.get_string();
    } else if constexpr (detail::Enum<T>) {
        if (!tree.is_string()) refuse_type(path, "expected a string");
        out = parse_enum<T>(tree.get_string(), path);
    } else if constexpr (detail::is_a<T, std::optional>::value) {
        if (tree.is_null()) {
            out.reset();
        } else {
            typename T::value_type entry{};
            read(tree, entry, unknown, path);
            out = std::move(entry);
        }
    } else if constexpr (detail::is_a<T, std::vector>::value) {
        if (!tree.is_array()) refuse_type(path, "expected a list");
        out.clear();
        for (const auto& item : tree.get_array()) {
            typename T::value_type entry{};
            read(item, entry, unknown, std::string(path) + "[" + std::to_string(out.size()) + "]");
            out.push_back(std::move(entry));
        }
    } else if constexpr (detail::is_a<T, std::map>::value) {
        if (!tree.is_object()) refuse_type(path, "expected an object");
        out.clear();
        for (const auto& item : tree.get_object()) {
            typename T::mapped_type entry{};
            read(item.value(), entry, unknown, join_path(path, item.key()));
            out.emplace(item.key(), std::move(entry));
        }
    } else {
        detail::read_struct(tree, out, unknown, path);
    }
}

}  // namespace berth::json
