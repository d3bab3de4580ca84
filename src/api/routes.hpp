#pragma once

#include <span>

#include "api/typed.hpp"

namespace berth::api {

enum class Method { get, post, put, patch, delete_ };
BOOST_DESCRIBE_ENUM(Method, get, post, put, patch, delete_)

/// Who may call a route.
enum class Access {
    anyone,  ///< Also who is not signed in.
    user,    ///< Everybody who is.
    admin,   ///< Administrators; to others it is forbidden.
    proxy,   ///< A proxy of ours, for somebody: who that is, the operation finds out.
};

/// Whether `Idempotency-Key` is honoured. Not for creates whose answer holds a secret: that would be kept.
enum class Repeat { plain, by_key };

/// One row of the table: what exists, who may, and which function answers.
struct Route {
    Method method = Method::get;
    std::string_view pattern;  ///< `/api/v1/sessions/{id}`; `{path...}` stands for all that is left.
    Access access = Access::admin;
    auth::Scope scope = auth::Scope::admin;  ///< The least that a token must have.
    std::string_view name;                   ///< operationId.
    std::string_view tag;
    std::string_view summary;
    Operation operation;
    Repeat repeat = Repeat::plain;
};

/// All routes. What is not here does not exist.
std::span<const Route> routes();

/// What a method and a path lead to.
struct Match {
    const Route* route = nullptr;      ///< Null with `allowed` empty: no such path; else: wrong method.
    std::vector<std::string> path;     ///< What `{…}` stood for.
    std::vector<std::string> allowed;  ///< Methods of the path, in capitals, once it is known.
};

/// Finds the row. Of several patterns that fit a path the first in the table counts; HEAD is GET.
Match find_route(std::string_view method, std::string_view path);

/// Whether the operation reads the body by itself, as it comes.
bool takes_stream(std::string_view method, std::string_view path);

std::string method_name(Method method);

}  // namespace berth::api
