#pragma once

#include <charconv>
#include <tuple>

#include "api/call.hpp"
#include "api/schema.hpp"

/// From the signature of a function to its place in the table: how a request becomes its arguments, how its
/// result becomes the answer, and how both appear in openapi.json.
///
///     Task<Created<view::Session>> launch_session(Call call, view::LaunchRequest body);
///     Task<view::Session> get_session(Call call, SessionName name);
///
/// After the call come, in any order: what `{…}` of the pattern stands for (`std::string`, `int` or an id),
/// at most one `Params<T>` (the query) and at most one described struct (the JSON body).
namespace berth::api {

/// One operation in openapi.json, as far as its signature tells.
struct Described {
    std::vector<json::value> path;  ///< Schemas of the path's parameters, in order.
    json::array query;              ///< Parameter objects.
    json::value body;               ///< Schema; null: none.
    bool yaml = false;              ///< The body may come as application/yaml too.
    bool upload = false;            ///< The body is a file.
    int status = 200;
    std::string type = "application/json";  ///< Empty: no content.
    json::value reply;                      ///< Schema; null: none.
    bool created = false, upgrade = false, redirect = false;
};

/// A function of the API behind one face: to run it, and to describe it.
struct Operation {
    Task<net::Response> (*run)(Call call) = nullptr;
    Described (*describe)(Schemas& schemas) = nullptr;
};

namespace detail {

template <class T>
using is_params = json::detail::is_a<T, Params>;
template <class T>
concept PathPart = std::is_same_v<T, std::string> || std::is_same_v<T, int> || json::detail::IsId<T>;

template <class F>
struct Signature;
template <class R, class... A>
struct Signature<Task<R> (*)(Call, A...)> {
    using Reply = R;
    using Arguments = std::tuple<A...>;
};

/// Reads one query parameter. Throws `invalid` with its name.
template <class T>
void read_parameter(const std::string& text, T& out, const std::string& name) {
    if constexpr (json::detail::is_a<T, std::optional>::value) {
        typename T::value_type entry{};
        read_parameter(text, entry, name);
        out = std::move(entry);
    } else if constexpr (json::detail::is_a<T, std::vector>::value) {
        out.emplace_back();
        read_parameter(text, out.back(), name);
    } else if constexpr (std::is_same_v<T, bool>) {
        if (text != "true" && text != "false" && text != "1" && text != "0" && !text.empty())
            json::refuse_type(name, "expected true or false");
        out = text != "false" && text != "0";
    } else if constexpr (std::is_integral_v<T>) {
        const auto* end = text.data() + text.size();
        const auto [stopped, failure] = std::from_chars(text.data(), end, out);
        if (failure != std::errc() || stopped != end) json::refuse_type(name, "expected a whole number");
    } else {
        json::read(json::value(text), out, json::Unknown::refuse, name);
    }
}

/// Refuses a key of the query that `known` does not have, and one that came twice but for lists.
void check_parameters(const net::Request& request, const std::vector<std::string>& known);
[[noreturn]] void refuse_absent(std::string_view path);
/// The body as JSON, or as `{yaml: text}`. Throws `invalid` for another content type.
json::value body_of(const net::Request& request, bool yaml);

template <class T>
T read_query(const net::Request& request) {
    T query{};
    check_parameters(request, json::keys_of<T>());
    boost::mp11::mp_for_each<json::detail::Members<T>>([&](auto member) {
        using Field = std::decay_t<decltype(query.*member.pointer)>;
        const auto name = json::wire_name(member.name);
        bool found = false;
        for (const auto& [key, text] : request.query) {
            if (key != name) continue;
            if (found && !json::detail::is_a<Field, std::vector>::value)
                json::refuse_type(name, "given twice");
            found = true;
            read_parameter(text, query.*member.pointer, name);
        }
        constexpr bool needed = !json::detail::is_a<Field, std::optional>::value &&
                                !json::detail::is_a<Field, std::vector>::value;
        if (needed && !found) refuse_absent(name);
    });
    return query;
}

/// Every member that is not optional must have its key, also inside of optional structs that are there.
template <class T>
void require_members(const json::value& tree, std::string_view path) {
    if constexpr (json::detail::is_a<T, std::optional>::value) {
        if (!tree.is_null()) require_members<typename T::value_type>(tree, path);
    } else if constexpr (json::detail::Struct<T>) {
        boost::mp11::mp_for_each<json::detail::Members<T>>([&](auto member) {
            using Field = std::decay_t<decltype(std::declval<T>().*member.pointer)>;
            const auto key = json::wire_name(member.name);
            const auto* found = tree.get_object().if_contains(key);
            if (found != nullptr)
                require_members<Field>(*found, json::join_path(path, key));
            else if (!json::detail::is_a<Field, std::optional>::value)
                refuse_absent(json::join_path(path, key));
        });
    }
}

template <class T>
constexpr bool takes_yaml = std::is_same_v<T, view::TemplateDocument>;

template <class T>
T read_body(const net::Request& request) {
    const auto tree = body_of(request, takes_yaml<T>);
    T body{};
    json::read(tree, body, json::Unknown::refuse);
    require_members<T>(tree, {});
    return body;
}

template <class T>
T read_argument(const Call& call, std::size_t& part) {
    if constexpr (is_params<T>::value) {
        return T{read_query<typename boost::mp11::mp_first<T>>(*call.request)};
    } else if constexpr (std::is_same_v<T, Upload>) {
        return Upload{call.request->stream};
    } else if constexpr (PathPart<T>) {
        T out{};
        const auto& text = call.path.at(part++);
        if constexpr (std::is_same_v<T, int>)
            read_parameter(text, out, "path");
        else if constexpr (std::is_same_v<T, std::string>)
            out = text;
        else
            out.text = text;
        return out;
    } else {
        return read_body<T>(*call.request);
    }
}

template <class Tuple>
struct ReadArguments;
template <class... A>
struct ReadArguments<std::tuple<A...>> {
    static std::tuple<A...> read(const Call& call) {
        constexpr bool query = (is_params<A>::value || ... || false);
        if (!query) check_parameters(*call.request, {});
        std::size_t part = 0;
        return std::tuple<A...>{read_argument<A>(call, part)...};  // Braces: left to right.
    }
    static void describe(Schemas& schemas, Described& out) { (describe_one<A>(schemas, out), ...); }

    template <class T>
    static void describe_one(Schemas& schemas, Described& out) {
        if constexpr (is_params<T>::value) {
            using Query = boost::mp11::mp_first<T>;
            boost::mp11::mp_for_each<json::detail::Members<Query>>([&](auto member) {
                using Field = std::decay_t<decltype(std::declval<Query>().*member.pointer)>;
                json::object parameter{{"name", json::wire_name(member.name)}, {"in", "query"}};
                if (!json::detail::is_a<Field, std::optional>::value &&
                    !json::detail::is_a<Field, std::vector>::value)
                    parameter.emplace("required", true);
                parameter.emplace("schema", schemas.of<Field>());
                out.query.push_back(std::move(parameter));
            });
        } else if constexpr (std::is_same_v<T, Upload>) {
            out.upload = true;
        } else if constexpr (PathPart<T>) {
            out.path.push_back(schemas.of<T>());
        } else {
            out.body = schemas.of<T>();
            out.yaml = takes_yaml<T>;
        }
    }
};

net::Response json_response(int status, std::string text);
net::Response answer_created(std::string text, std::string location, bool replayed);

template <class R>
net::Response respond(R reply) {
    if constexpr (std::is_same_v<R, net::Response>) {
        return reply;
    } else if constexpr (json::detail::is_a<R, Created>::value) {
        return answer_created(std::move(reply.text), std::move(reply.location), reply.replayed);
    } else if constexpr (json::detail::is_a<R, Accepted>::value) {
        return json_response(202, json::write(json::to_json(reply.thing)));
    } else if constexpr (std::is_same_v<R, Document>) {
        return json_response(200, std::move(reply.text));
    } else if constexpr (std::is_same_v<R, Text> || std::is_same_v<R, Download>) {
        return std::move(reply.response);
    } else if constexpr (std::is_same_v<R, Upgrade>) {
        net::Response response;
        response.status = 101;
        response.websocket = std::move(reply.run);
        return response;
    } else if constexpr (std::is_same_v<R, Redirect>) {
        net::Response response;
        response.status = 303;
        response.headers = {{"Location", reply.location}, {"Cache-Control", "no-store"}};
        return response;
    } else if constexpr (std::is_same_v<R, Nothing>) {
        net::Response response;
        response.status = 204;
        if (reply.cookie) response.headers.emplace_back("Set-Cookie", *reply.cookie);
        return response;
    } else {
        return json_response(200, json::write(json::to_json(reply)));
    }
}

template <class R>
void describe_reply(Schemas& schemas, Described& out) {
    if constexpr (json::detail::is_a<R, Created>::value) {
        out.status = 201;
        out.created = true;
        out.reply = schemas.of<boost::mp11::mp_first<R>>();
    } else if constexpr (json::detail::is_a<R, Accepted>::value) {
        out.status = 202;
        out.reply = schemas.of<boost::mp11::mp_first<R>>();
    } else if constexpr (std::is_same_v<R, Text>) {
        out.type = "text/plain";
        out.reply = json::object{{"type", "string"}};
    } else if constexpr (std::is_same_v<R, Download>) {
        out.type = "application/octet-stream";
        out.reply = json::object{{"type", "string"}, {"format", "binary"}};
    } else if constexpr (std::is_same_v<R, Document>) {
        out.reply = json::object{{"type", "object"}, {"additionalProperties", true}};
    } else if constexpr (std::is_same_v<R, Upgrade>) {
        out.status = 101;
        out.upgrade = true;
    } else if constexpr (std::is_same_v<R, Redirect>) {
        out.status = 303;
        out.redirect = true;
    } else if constexpr (std::is_same_v<R, Nothing>) {
        out.status = 204;
    } else {
        out.reply = schemas.of<R>();
    }
}

template <auto F>
Task<net::Response> run(Call call) {
    using Sign = Signature<decltype(F)>;
    auto arguments = ReadArguments<typename Sign::Arguments>::read(call);
    auto start = [&call](auto&... argument) { return F(call, std::move(argument)...); };
    auto work = std::apply(start, arguments);
    auto reply = co_await std::move(work);
    co_return respond(std::move(reply));
}

template <auto F>
Described describe(Schemas& schemas) {
    using Sign = Signature<decltype(F)>;
    Described out;
    ReadArguments<typename Sign::Arguments>::describe(schemas, out);
    describe_reply<typename Sign::Reply>(schemas, out);
    return out;
}

}  // namespace detail

/// The operation that the function `F` is.
template <auto F>
inline constexpr Operation typed{&detail::run<F>, &detail::describe<F>};

}  // namespace berth::api
