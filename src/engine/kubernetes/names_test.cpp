#include "engine/kubernetes/names.hpp"

#include <gtest/gtest.h>

namespace berth::engine::kubernetes {
namespace {

TEST(KubernetesNames, are_labels_that_differ_and_stay) {
    EXPECT_EQ(workload_name({"ses_1a"}), "ses-1a");
    EXPECT_EQ(component_name({"ses_1a"}, "web"), "ses-1a-web");
    EXPECT_EQ(component_name({"ses_1a"}, "web"), component_name({"ses_1a"}, "web"));
    EXPECT_NE(component_name({"ses_1a"}, "web"), component_name({"ses_1a"}, "Web"));
    EXPECT_NE(component_name({"ses_1a"}, "a b"), component_name({"ses_1a"}, "a/b"));
}

TEST(KubernetesNames, long_ones_fit_end_well_and_differ) {
    const std::string word(80, 'a');
    const auto one = component_name({"ses_1a"}, word + "b");
    const auto other = component_name({"ses_1a"}, word + "c");
    EXPECT_EQ(one.size(), 63u);
    EXPECT_NE(one, other);
    EXPECT_EQ(component_name({"ses_1a"}, std::string(56, 'x')).size(), 63u);
    for (const auto& name : {one, other, workload_name({word})})
        EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), name.npos) << name;
}

TEST(KubernetesNames, selectors_choose_an_instance_or_one_workload) {
    EXPECT_EQ(selector_of("5eed"), "berth.dev/instance=5eed");
    EXPECT_EQ(selector_of("5eed", {"ses_1"}), "berth.dev/instance=5eed,berth.dev/workload=ses_1");
    EXPECT_EQ(labels_of("5eed", {"ses_1"}), (json::object{{"app.kubernetes.io/managed-by", "berth"},
                                                          {"berth.dev/instance", "5eed"},
                                                          {"berth.dev/workload", "ses_1"}}));
}

TEST(KubernetesNames, a_namespace_is_for_all_or_for_an_owner_or_for_a_part) {
    const Space space{.owner = "usr_1a", .part = "wsp_2b"};
    EXPECT_EQ(namespace_of("sessions", Spread::shared, space), "sessions");
    EXPECT_EQ(namespace_of("sessions", Spread::by_owner, space), "sessions-usr-1a");
    EXPECT_EQ(namespace_of("sessions", Spread::by_part, space), "sessions-wsp-2b");
    const Space again{.owner = "usr_9z", .part = "wsp_2b"};
    EXPECT_NE(namespace_of("sessions", Spread::by_owner, again), "sessions-usr-1a")
        << "a user made anew has another id";
    const auto longest = namespace_of(std::string(63, 'n'), Spread::by_owner, space);
    EXPECT_EQ(longest.size(), 63u);
    EXPECT_NE(longest, namespace_of(std::string(63, 'n'), Spread::by_owner, again));
}

TEST(KubernetesNames, what_is_in_no_part_has_no_namespace_where_each_part_has_one) {
    const Space shared{.owner = "usr_1a", .part = {}};
    EXPECT_EQ(namespace_of("sessions", Spread::by_owner, shared), "sessions-usr-1a");
    EXPECT_THROW(namespace_of("sessions", Spread::by_part, shared), Error);
}

}  // namespace
}  // namespace berth::engine::kubernetes
