#pragma once

#include <memory>

#include "api/bodies.hpp"
#include "api/views.hpp"

namespace berth::api {

struct Services;
struct Route;

/// One request on its way through an operation: who asks, for what, and what there is to answer with.
struct Call {
    Services* services = nullptr;  ///< Outlives every call.
    std::shared_ptr<const net::Request> request;
    const Route* route = nullptr;
    std::vector<std::string> path;           ///< What `{…}` of the pattern stood for, in order.
    std::optional<auth::Identity> identity;  ///< Always there but for routes that anyone may call.

    const auth::Identity& who() const { return *identity; }
    /// The caller with only their own rows, or everybody's for an administrator who asks for `all`.
    Caller caller(bool all = false) const;
    /// An administrator sees everybody's rows, others their own.
    Caller caller_by_role() const { return caller(identity->caller.admin()); }
};

/// Parameters after the question mark, read into a described struct.
template <class T>
struct Params : T {};

/// 201 with the place of what was made. `text` is the body: written once, so that a replay is the same.
template <class T>
struct Created {
    std::string text;
    std::string location;
    bool replayed = false;
};

/// 202: asked for; the thing itself says how far it is.
template <class T>
struct Accepted {
    T thing;
};

/// The body of the request, read piece by piece.
struct Upload {
    std::shared_ptr<net::BodyReader> body;
};

/// A file, piece by piece.
struct Download {
    net::Response response;
};

/// text/plain, possibly piece by piece.
struct Text {
    net::Response response;
};

/// The connection becomes a WebSocket.
struct Upgrade {
    std::function<Task<>(net::WebSocket&)> run;
};

/// 303 to `location`.
struct Redirect {
    std::string location;
};

/// 204, with a cookie to set when there is one.
struct Nothing {
    std::optional<std::string> cookie;
};

/// Any JSON that is written already.
struct Document {
    std::string text;
};

}  // namespace berth::api
