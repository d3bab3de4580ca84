#pragma once

#include "api/call.hpp"
#include "api/services.hpp"

/// Sessions as their terminals, desktops and logs need them: the caller's own, and running.
namespace berth::api {

/// A session and what it is made of.
struct Live {
    Session session;
    TemplateSpec spec;
};

/// The caller's own session: nobody else's, whatever their role, because what is in it is private.
Task<Live> find_live(Call call, std::string name);

/// Throws `conflict` (`not_running`) unless the session has containers that run. A frozen one is asked to go
/// on: what is dialled in it waits until it does.
Task<> require_running(Call call, Session session);

/// The component of that name; without one that of the default access, else the first. Throws `not_found`.
const Component& pick_component(const TemplateSpec& spec, const std::optional<std::string>& name);

/// The same for terminals: the first access of kind terminal counts before the default.
const Component& pick_terminal(const TemplateSpec& spec, const std::optional<std::string>& name);

/// Whether bytes from an RFB client hold a key, pointer or clipboard message: what a person does, not what a
/// viewer does by itself. Looks at messages from the start of `bytes` (RFC 6143, 7.5, and the extensions that
/// noVNC speaks); what it does not know ends the look.
bool shows_person(std::string_view bytes);

}  // namespace berth::api
