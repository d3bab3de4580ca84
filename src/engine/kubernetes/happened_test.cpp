#include "engine/kubernetes/happened.hpp"

#include <gtest/gtest.h>

namespace berth::engine::kubernetes {
namespace {

json::value event(int version, const char* reason, const std::string& message) {
    const json::object about{{"resourceVersion", std::to_string(version)}};
    return json::object{{"metadata", about}, {"reason", reason}, {"message", message}};
}

TEST(KubernetesHappened, the_latest_is_said_whatever_the_order_and_the_length_of_versions) {
    EXPECT_EQ(read_events({event(100, "FailedMount", "secret \"x\" not found\n"),
                           event(99, "Pulling", "Pulling image \"x:1\"")}),
              "FailedMount: secret \"x\" not found");
    EXPECT_EQ(read_events({event(100, "FailedMount", "…"), event(101, "Pulling", "Pulling image \"x:1\"")}),
              "pulling image \"x:1\"");
    EXPECT_EQ(read_events({event(7, "ProvisioningFailed", "storageclass \"fast\" not found")}),
              "ProvisioningFailed: storageclass \"fast\" not found");
    EXPECT_EQ(read_events({event(7, "FailedAttachVolume", "")}), "FailedAttachVolume");
}

TEST(KubernetesHappened, what_is_done_and_what_the_status_says_is_left_out) {
    EXPECT_EQ(read_events({}), "");
    EXPECT_EQ(read_events({event(1, "Scheduled", "to n1"), event(2, "FailedScheduling", "no room"),
                           event(3, "Pulled", "x")}),
              "");
    EXPECT_EQ(read_events({event(1, "FailedMount", "x"), event(2, "Pulled", "y")}), "FailedMount: x");
}

TEST(KubernetesHappened, a_long_message_is_cut_and_a_broken_event_says_nothing) {
    EXPECT_LT(read_events({event(1, "FailedMount", std::string(10'000, 'x'))}).size(), 500u);
    EXPECT_EQ(read_events({json::value(7), json::object{{"reason", 7}}}), "");
}

TEST(KubernetesHappened, a_missing_pull_secret_is_found_among_the_rest) {
    const auto missing =
        event(3, "FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (registry)");
    EXPECT_EQ(read_pull_secret_trouble({event(4, "Failed", "x"), missing}),
              "Unable to retrieve some image pull secrets (registry)");
    EXPECT_EQ(read_pull_secret_trouble({event(4, "Failed", "x")}), "");
}

}  // namespace
}  // namespace berth::engine::kubernetes
