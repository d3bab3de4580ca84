#pragma once

#include <optional>
#include <string>

#include "gateway/refusal.hpp"
#include "model/session.hpp"

/// What a browser sees of the gateway itself: plain HTML, no script, our style sheet from `/.berth/page.css`.
namespace berth::gateway {

std::string escape_html(std::string_view text);
net::Response refusal_page(const Refusal& refusal);
net::Response style_sheet();

/// What the wake page shows.
struct WakeView {
    Session session;
    std::string platform_url;  ///< Of the platform, no slash at the end.
    Time now{};
    std::optional<Error> refused;  ///< Why it may not start now: a quota.
};

/// 503 with the six steps, reloading itself, while it starts; without reloading when it failed or was
/// refused.
net::Response wake_page(const WakeView& view);

/// The six steps in order, as the page shows them.
struct Step {
    std::string_view name;
    enum class State { done, active, waiting, failed } state = State::waiting;
    std::optional<double> seconds;
    bool operator==(const Step&) const = default;
};
std::vector<Step> steps_of(const Session& session, Time now);

}  // namespace berth::gateway
