#include "api/live.hpp"

#include "acts/ask.hpp"
#include "api/problem.hpp"
#include "api/rows.hpp"
#include "plan/lifecycle.hpp"

namespace berth::api {
namespace {

const Component& component_named(const TemplateSpec& spec, const std::string& name) {
    const auto* found = find_component(spec, name);
    if (found == nullptr) throw acts::no_such("component");
    return *found;
}

std::size_t big_endian(std::string_view bytes, std::size_t at, std::size_t count) {
    std::size_t number = 0;
    for (std::size_t i = 0; i < count && at + i < bytes.size(); ++i)
        number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
    return number;
}

/// The length of the client message that `bytes` starts with; nothing when it is none that we know.
std::optional<std::size_t> rfb_length(std::string_view bytes) {
    switch (static_cast<unsigned char>(bytes.front())) {
        case 0:
            return 20;  // SetPixelFormat
        case 2:
            return 4 + 4 * big_endian(bytes, 2, 2);  // SetEncodings
        case 3:
            return 10;  // FramebufferUpdateRequest
        case 4:
            return 8;  // KeyEvent
        case 5:
            return 6;  // PointerEvent
        case 6:
            return 8 + big_endian(bytes, 4, 4);  // ClientCutText
        case 150:
            return 10;  // EnableContinuousUpdates
        case 248:
            return 9 + big_endian(bytes, 8, 1);  // Fence
        case 251:
            return 8 + 16 * big_endian(bytes, 6, 1);  // SetDesktopSize
        case 255:
            return 12;  // QEMU extended key
        default:
            return std::nullopt;
    }
}

bool is_of_person(std::string_view bytes) {
    const auto type = static_cast<unsigned char>(bytes.front());
    return type == 4 || type == 5 || type == 6 || type == 255;
}

}  // namespace

Task<Live> find_live(Call call, std::string name) {
    auto read = [caller = call.caller(), name](store::Rows& rows) {
        Live live{.session = acts::find_session(rows, caller, name)};
        if (auto revision =
                rows.find_revision(Caller::system(), live.session.template_, live.session.revision))
            live.spec = std::move(revision->spec);
        return live;
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<> require_running(Call call, Session session) {
    const auto phase = session.status.phase;
    if (plan::running_since(session) && desired(session.asks) == State::frozen) {
        const acts::Ask ask{.caller = call.caller(),
                            .name = session.id.text,
                            .ask = plan::ask_wake,
                            .kind = "session.woken",
                            .now = call.services->now()};
        co_await call.services->store.write([ask](store::Tx& tx) { return acts::put_ask(tx, ask); });
        co_return;
    }
    if (phase == Phase::running || plan::running_since(session)) co_return;
    // Asked for already, and not begun: what the phase says is over.
    const bool coming = phase != Phase::failed && desired(session.asks) == State::running;
    throw Error(
        Kind::conflict, "not_running",
        "session " + quoted(session.name) + " is " + (coming ? "not running yet" : json::enum_name(phase)),
        coming ? "wait until it runs" : "wake it first: berth wake " + session.name + " --wait");
}

const Component& pick_component(const TemplateSpec& spec, const std::optional<std::string>& name) {
    if (name) return component_named(spec, *name);
    if (const auto* access = default_access(spec)) return component_named(spec, access->component);
    if (spec.components.empty()) throw acts::no_such("component");
    return spec.components.front();
}

const Component& pick_terminal(const TemplateSpec& spec, const std::optional<std::string>& name) {
    if (name) return component_named(spec, *name);
    for (const auto& access : spec.access)
        if (access.kind == AccessKind::terminal) return component_named(spec, access.component);
    return pick_component(spec, name);
}

bool shows_person(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto length = rfb_length(bytes);
        if (!length || *length > bytes.size()) return false;
        if (is_of_person(bytes)) return true;
        bytes.remove_prefix(*length);
    }
    return false;
}

}  // namespace berth::api
