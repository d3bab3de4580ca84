#pragma once

#include "api/views.hpp"

/// How failures leave the API: RFC 9457 problem documents, statuses decided here and nowhere else.
namespace berth::api {

/// The HTTP status of a failure: by its kind, but for the few codes that HTTP has a status of its own for.
int status_of(const Error& error);

/// The problem document of a failure.
view::Problem problem_of(const Error& error, std::string request_id);

/// The answer that carries it: application/problem+json, with Retry-After for `too_many` and `busy`.
net::Response problem_response(const Error& error, std::string request_id);

/// The code that a WebSocket is closed with: 4000 + status.
int close_code_of(const Error& error);

}  // namespace berth::api
