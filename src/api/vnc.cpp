#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "acts/rows.hpp"
#include "api/live.hpp"
#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/socket.hpp"
#include "plan/session.hpp"

namespace berth::api {
namespace {

constexpr std::size_t chunk = 64 << 10;

/// Where the screen is.
struct Screen {
    std::string component;
    int port = 0;
};

Screen find_screen(const TemplateSpec& spec, const std::optional<std::string>& name) {
    for (const auto& access : spec.access) {
        if (access.kind != AccessKind::vnc || (name && access.name != *name)) continue;
        const auto* component = find_component(spec, access.component);
        const auto* port =
            component == nullptr || !access.port ? nullptr : find_port(*component, *access.port);
        if (port != nullptr) return {.component = component->name, .port = port->port};
    }
    throw acts::no_such("access of kind vnc");
}

/// From the screen to the viewer, as fast as the viewer takes it.
Task<> show(net::WebSocket& wire, engine::Stream& stream) {
    std::string buffer(chunk, '\0');
    for (;;) {
        boost::system::error_code ec;
        const auto size = co_await stream.async_read_some(asio::buffer(buffer),
                                                          asio::redirect_error(asio::use_awaitable, ec));
        if (ec || size == 0) break;
        net::Message message{.text = false, .bytes = buffer.substr(0, size)};
        co_await wire.write(std::move(message));
    }
    co_await wire.close(1000, "the screen ended");
}

Task<> listen(net::WebSocket& wire, engine::Stream& stream, Services& services, SessionId session) {
    for (;;) {
        const auto message = co_await wire.read();
        if (!message) co_return;
        if (message->text) continue;
        const bool person = shows_person(message->bytes);
        co_await asio::async_write(stream, asio::buffer(message->bytes), asio::use_awaitable);
        if (person)
            services.activity.note(session, services.now(), "vnc");
        else
            services.activity.note_uncounted(session, {.what = "requests for the desktop's picture",
                                                       .why = "an open page makes them by itself",
                                                       .times = 1,
                                                       .last_at = services.now()});
    }
}

Task<> run_screen(Services& services, auth::Identity identity, Session session, Screen screen,
                  net::WebSocket& wire) {
    auto listener = co_await join(services, std::move(identity), false, 0);
    auto& engine = services.engine(session.engine);
    const auto workload = plan::workload_of(session.id);
    auto stream = co_await engine.dial(workload, screen.component, screen.port);
    std::vector<Task<>> tasks;
    tasks.push_back(show(wire, stream));
    tasks.push_back(listen(wire, stream, services, session.id));
    Socket socket{.wire = wire, .listener = listener, .services = services};
    co_await run_socket(std::move(socket), std::move(tasks));
}

}  // namespace

Task<Upgrade> session_vnc(Call call, std::string name, Params<view::VncQuery> query) {
    const auto live = co_await find_live(call, std::move(name));
    const auto screen = find_screen(live.spec, query.access);
    co_await require_running(call, live.session);
    co_return upgrade(
        [services = call.services, identity = call.who(), session = live.session,
         screen](net::WebSocket& wire) { return run_screen(*services, identity, session, screen, wire); });
}

}  // namespace berth::api
