#include "acts/launch.hpp"

#include "api/idempotency.hpp"
#include "api/operations.hpp"
#include "api/rows.hpp"
#include "api/services.hpp"

namespace berth::api {
namespace {

acts::Wish wish_of(view::LaunchRequest body) {
    return {.template_ = std::move(body.template_),
            .name = std::move(body.name),
            .workspace = std::move(body.workspace),
            .revision = body.revision,
            .limits = body.lifecycle.value_or(StayLimits{}),
            .consent = body.consent.value_or(std::vector<std::string>{})};
}

}  // namespace

Task<Created<view::Session>> launch_session(Call call, view::LaunchRequest body) {
    auto& services = *call.services;
    const auto& engine = services.engine(services.default_engine);
    auto write = [key = idempotency_key(call), origin = services.origin,
                  wanted = acts::Launch{.user = call.who().caller.user,
                                        .actor = call.who().caller.name,
                                        .wish = wish_of(std::move(body)),
                                        .engine = services.default_engine,
                                        .gpus = engine.has_gpus(),
                                        .now = services.now()}](store::Tx& tx) {
        return create_once(tx, key, "/api/v1/sessions", wanted.now, [&](store::Tx& inner) {
            const auto session = acts::launch(inner, wanted);
            return session_view(inner, origin, session);
        });
    };
    co_return co_await services.store.write(std::move(write));
}

}  // namespace berth::api
