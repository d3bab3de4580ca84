#pragma once

#include "api/files.hpp"
#include "auth/auth.hpp"

namespace berth::api {

/// Whether a person's browser asks, who is better served by a page than by a problem document.
bool wants_page(const net::Request& request);

/// The web interface's answer to a GET that no route is for: the file, the page itself for whoever accepts
/// HTML (at the platform's own address: any other leads there), or nothing. Conditional requests and
/// precompressed variants are honoured.
std::optional<net::Response> answer_file(const Files& files, const auth::Origin& origin,
                                         const net::Request& request);

/// What the page may load and where it may connect: its own origin only.
std::string content_security_policy(const auth::Origin& origin);

/// Headers that every answer of the platform's origin carries.
void add_safety_headers(net::Response& response, const auth::Origin& origin);

}  // namespace berth::api
