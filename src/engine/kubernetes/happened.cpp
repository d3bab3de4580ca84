#include "engine/kubernetes/happened.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "kube/refusal.hpp"
#include "kube/resource.hpp"

namespace berth::engine::kubernetes {
namespace {

using kube::text_at;

constexpr std::size_t words_max = 400;

/// Steps that are done, and what `PodScheduled` says.
constexpr std::array<std::string_view, 10> uninteresting{
    "Scheduled", "Created", "Started", "Pulled",           "SuccessfulAttachVolume",
    "BackOff",   "Killing", "Failed",  "FailedScheduling", "WaitForFirstConsumer"};

bool is_worth_saying(const json::value& event) {
    return std::ranges::find(uninteresting, text_at(event, {"reason"})) == uninteresting.end();
}

/// Versions grow with each change of any event, also where several are of one second.
bool is_earlier(const json::value& one, const json::value& other) {
    return kube::is_older(text_at(one, {"metadata", "resourceVersion"}),
                          text_at(other, {"metadata", "resourceVersion"}));
}

std::string words_of(const json::value& event) {
    const auto reason = text_at(event, {"reason"});
    auto message = text_at(event, {"message"});
    while (!message.empty() && message.back() == '\n') message.pop_back();
    if (message.size() > words_max) message = message.substr(0, words_max) + "…";
    if (reason == "Pulling" && message.starts_with("Pulling")) return "p" + message.substr(1);
    return message.empty() ? reason : reason + ": " + message;
}

}  // namespace

std::string read_events(const std::vector<json::value>& events) {
    const json::value* latest = nullptr;
    for (const auto& event : events)
        if (is_worth_saying(event) && (latest == nullptr || is_earlier(*latest, event))) latest = &event;
    return latest == nullptr ? "" : words_of(*latest);
}

std::string read_pull_secret_trouble(const std::vector<json::value>& events) {
    for (const auto& event : events)
        if (text_at(event, {"reason"}) == "FailedToRetrieveImagePullSecret")
            return text_at(event, {"message"});
    return "";
}

}  // namespace berth::engine::kubernetes
