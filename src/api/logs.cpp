#include "api/live.hpp"
#include "api/operations.hpp"
#include "plan/session.hpp"

namespace berth::api {
namespace {

constexpr int tail_default = 1000, tail_max = 10'000;

Task<bool> write_line(net::BodyWriter* out, engine::LogLine line) {
    line.text += '\n';
    co_await out->write(line.text);
    co_return true;
}

Task<> stream_logs(engine::Engine& engine, WorkloadId workload, engine::LogRequest request,
                   net::BodyWriter& out) {
    auto take = [writer = &out](engine::LogLine line) { return write_line(writer, std::move(line)); };
    co_await engine.logs(workload, std::move(request), std::move(take));
}

bool is_step(const TemplateSpec& spec, const std::string& name) {
    for (const auto& component : spec.components)
        for (std::size_t i = 0; i < component.init.size(); ++i)
            if (step_name(component.name, i + 1) == name) return true;
    return false;
}

/// Whose log: a component's or an init step's. When nobody says, the step that is going on or has failed:
/// that is what there is to read then.
std::string pick_log(const Live& live, const std::optional<std::string>& name) {
    if (name && is_step(live.spec, *name)) return *name;
    if (!name)
        for (const auto& component : live.session.status.components)
            if (is_step(live.spec, component.name)) return component.name;
    return pick_component(live.spec, name).name;
}

}  // namespace

Task<Text> session_logs(Call call, std::string name, Params<view::LogQuery> query) {
    engine::LogRequest request{.tail = query.tail.value_or(tail_default),
                               .follow = query.follow.value_or(false)};
    if (request.tail < 0 || request.tail > tail_max) json::refuse_type("tail", "expected 0 to 10000");
    const auto live = co_await find_live(call, std::move(name));
    if (live.session.status.phase == Phase::hibernated)
        throw Error(
            Kind::conflict, "not_running",
            "session " + quoted(live.session.name) + " is hibernated: what it wrote went with its containers",
            "wake it first");
    request.component = pick_log(live, query.component);
    auto& engine = call.services->engine(live.session.engine);
    if (const auto down = engine.down_because())
        throw Error(Kind::unavailable, "engine_unavailable", "engine " + quoted(engine.name()) + ": " + *down,
                    "try again in a moment");
    Text text;
    text.response.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}};
    text.response.stream = [&engine, request, workload = plan::workload_of(live.session.id)](
                               net::BodyWriter& out) { return stream_logs(engine, workload, request, out); };
    co_return text;
}

}  // namespace berth::api
