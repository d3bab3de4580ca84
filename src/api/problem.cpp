#include "api/problem.hpp"

#include "net/answer.hpp"

namespace berth::api {

int status_of(const Error& error) {
    if (error.code == "method_not_allowed") return 405;
    if (error.code == "too_large") return 413;
    if (error.code == "unsupported_media_type") return 415;
    if (error.code == "idempotency_mismatch") return 422;
    if (error.code == "upgrade_required") return 426;
    switch (error.kind) {
        case Kind::invalid:
            return 400;
        case Kind::unauthenticated:
            return 401;
        case Kind::forbidden:
            return 403;
        case Kind::not_found:
            return 404;
        case Kind::conflict:
            return 409;
        case Kind::too_many:
            return 429;
        case Kind::busy:
        case Kind::unavailable:
            return 503;
        case Kind::internal:
            return 500;
    }
    return 500;
}

view::Problem problem_of(const Error& error, std::string request_id) {
    view::Problem problem;
    problem.status = status_of(error);
    problem.title = net::reason_phrase(problem.status);
    problem.code = error.code;
    problem.detail = error.user;
    if (!error.next.empty()) problem.next = error.next;
    problem.request_id = std::move(request_id);
    return problem;
}

net::Response problem_response(const Error& error, std::string request_id) {
    const auto problem = problem_of(error, std::move(request_id));
    net::Response response;
    response.status = problem.status;
    response.headers = {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}};
    if (error.kind == Kind::busy) response.headers.emplace_back("Retry-After", "1");
    if (problem.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"berth\"");
    response.body = json::write(json::to_json(problem));
    return response;
}

int close_code_of(const Error& error) {
    return 4000 + status_of(error);
}

}  // namespace berth::api
