#pragma once

#include "net/connection.hpp"

namespace berth::gateway {

/// What went wrong, for whoever asked: a page for a browser, a problem document for a program.
struct Refusal {
    int status = 502;
    std::string code;
    std::string title;   ///< `The application does not answer`
    std::string detail;  ///< What happened, in whose words.
    std::string next;    ///< What to do now; may be empty.
};

/// Whether the request would rather have HTML.
bool wants_page(const net::RequestHead& head);

/// Sends it and keeps the connection when the request had no body.
net::Work<net::After> refuse(net::Connection& connection, Refusal refusal);

/// Sends any answer of our own to a request whose body nobody has read.
net::Work<net::After> reply(net::Connection& connection, net::Response response);

}  // namespace berth::gateway
