#pragma once

#include "gateway/route.hpp"
#include "net/head.hpp"

namespace berth::gateway {

/// What a request or socket says of a person.
enum class Use {
    counts,   ///< Somebody, or a program of theirs, uses the session.
    ignored,  ///< Nothing, says the template: it also wakes nothing.
    probed,   ///< Nothing: the application is asked instead.
};

/// The one judgement of what comes through a way in, by its path. Whatever depends on use asks here: what is
/// none keeps nothing running and makes nothing frozen go on.
Use use_of(const net::RequestHead& head, const Way& way);

/// What it is that does not count, and why, for people: of one of another kind than `Use::counts`.
Uncounted uncounted_of(const net::RequestHead& head, const Way& way);

}  // namespace berth::gateway
