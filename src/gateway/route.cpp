#include "gateway/route.hpp"

#include <charconv>

#include "plan/uncounted.hpp"

#include "plan/lifecycle.hpp"

namespace berth::gateway {
namespace {

std::string key_of(const SessionId& session, const std::string& component, int port, int incarnation) {
    return session.text + "/" + component + "/" + std::to_string(port) + "/" + std::to_string(incarnation);
}

std::shared_ptr<const Way> make_way(const Session& session, const TemplateSpec& spec, const Access& access) {
    Way way{.name = access.name,
            .kind = access.kind,
            .component = access.component,
            .port = 0,
            .key = {},
            .activity = access.activity};
    const auto* component = find_component(spec, access.component);
    const auto* port = component != nullptr && access.port ? find_port(*component, *access.port) : nullptr;
    if (port != nullptr) way.port = port->port;
    way.key = key_of(session.id, way.component, way.port, session.status.incarnation);
    return std::make_shared<const Way>(std::move(way));
}

}  // namespace

void Meter::note(Uncounted seen) {
    const std::lock_guard lock(mutex_);
    plan::add_uncounted(uncounted_, std::move(seen));
}

std::vector<Uncounted> Meter::take_uncounted() {
    const std::lock_guard lock(mutex_);
    return std::exchange(uncounted_, {});
}

std::shared_ptr<const Way> find_way(const Route& route, std::string_view access) {
    if (access.empty()) return route.first;
    for (const auto& way : route.ways)
        if (way->name == access) return way;
    int port = 0;
    const auto [end, failure] = std::from_chars(access.data(), access.data() + access.size(), port);
    const bool number =
        failure == std::errc() && end == access.data() + access.size() && access.front() != '-';
    if (!number || port < 1 || port > 65535 || !route.first) return nullptr;
    Way way{.name = std::string(access),
            .kind = AccessKind::web,
            .component = route.first->component,
            .port = port,
            .key = key_of(route.session, route.first->component, port, route.incarnation),
            .activity = {}};
    return std::make_shared<const Way>(std::move(way));
}

Route make_route(const Session& session, const TemplateSpec& spec, const std::string& user_name) {
    Route route{.session = session.id,
                .workload = {session.id.text},
                .user = session.user,
                .user_name = user_name,
                .session_name = session.name,
                .label = session.host};
    route.incarnation = session.status.incarnation;
    route.live = plan::running_since(session).has_value();
    route.frozen = route.live && desired(session.asks) == State::frozen;
    if (session.status.phase == Phase::frozen && !route.frozen) route.trouble = session.status.message;
    route.failed = session.status.phase == Phase::failed && session.status.incarnation == session.incarnation;
    const auto* first = default_access(spec);
    for (const auto& access : spec.access) {
        route.ways.push_back(make_way(session, spec, access));
        if (first != nullptr && access.name == first->name) route.first = route.ways.back();
    }
    return route;
}

}  // namespace berth::gateway
