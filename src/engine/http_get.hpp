#pragma once

#include "engine/engine.hpp"

namespace berth::engine {

struct HttpAnswer {
    int status = 0;
    std::string body;
};

/// What the application on a port inside answers to one GET: redirects are answers, none is followed. How
/// long it may take is the caller's to say.
///
/// Throws `unavailable` where nothing answers or no HTTP, and `internal` (`answer_too_large`) for a body
/// above `body_max`.
Task<HttpAnswer> http_get(Engine& engine, WorkloadId id, std::string component, int port, std::string target,
                          std::size_t body_max);

}  // namespace berth::engine
