#include <gtest/gtest.h>

#include "plan/session.hpp"
#include "plan/values.hpp"

namespace berth::plan {
namespace {

using namespace std::chrono_literals;

const Time start{std::chrono::hours(500'000)};

/// A component that may have a token, a file of another secret and its user's uploads, and gets one of its
/// own.
Facts facts() {
    Facts facts;
    facts.session = {.id = {"ses_1"},
                     .user = {"usr_1"},
                     .name = "lab",
                     .template_ = "ide",
                     .asks = {.wake = start},
                     .asked_at = start};
    facts.revision.spec.components = {
        {.name = "ide",
         .image = "ide:1",
         .secrets = {{.name = "TOKEN", .required = true}, {.name = "OTHER"}},
         .files = {{.path = "/etc/app.conf", .content = "user = ${user.name}, $${kept}"},
                   {.path = "/etc/key", .secret = "KEY", .live = true}},
         .user_files = UserFiles{.path = "/uploads", .live = true}}};
    facts.user_name = "ada";
    return facts;
}

Observed ready_to_start() {
    Observed have{.network = true};
    have.images["ide:1"] = {.state = ImageState::present, .digest = "sha256:1"};
    return have;
}

TEST(Granted, a_component_refers_to_what_its_user_has_and_agreed_to_and_to_nothing_else) {
    auto given = facts();
    EXPECT_TRUE(decide(given, ready_to_start(), start).workload.components.front().secrets.empty());
    given.granted = {.secrets = {{"TOKEN", "1.1"}, {"KEY", "2.1"}, {"UNASKED", "3.1"}}, .files = "f1"};
    const auto component = decide(given, ready_to_start(), start).workload.components.front();
    const std::vector<SecretRef> wanted{{SecretAs::env, "TOKEN", "TOKEN", "1.1", false},
                                        {SecretAs::file, "KEY", "/etc/key", "2.1", true},
                                        {SecretAs::user_files, "", "/uploads", "f1", true}};
    EXPECT_EQ(component.secrets, wanted);
    EXPECT_EQ(component.files,
              (std::map<std::string, std::string>{{"/etc/app.conf", "user = ada, ${kept}"}}));
}

TEST(Granted, without_a_secret_that_it_needs_it_does_not_start_and_says_which) {
    auto given = facts();
    given.granted.missing = {"TOKEN"};
    const auto wanted = decide(given, ready_to_start(), start);
    EXPECT_EQ(wanted.status.phase, Phase::failed);
    EXPECT_EQ(wanted.status.reason, "SecretMissing");
    EXPECT_EQ(wanted.status.message,
              "it needs your secret TOKEN, which is not there or which you do not let it have");
    EXPECT_TRUE(wanted.workload.components.empty());
}

TEST(Granted, one_that_runs_goes_on_without_it) {
    auto given = facts();
    given.granted.missing = {"TOKEN"};
    auto have = ready_to_start();
    have.components = {{.name = "ide", .generation = "1.0", .state = ContainerState::running, .ready = true}};
    EXPECT_EQ(decide(given, have, start).status.phase, Phase::running);
}

TEST(Granted, what_is_withheld_is_told) {
    auto given = facts();
    given.granted.withheld = {"OTHER"};
    const auto conditions = decide(given, ready_to_start(), start).status.conditions;
    ASSERT_EQ(conditions.size(), 1U);
    EXPECT_EQ(conditions[0].type, "ConsentNeeded");
    EXPECT_EQ(conditions[0].message, "runs without OTHER: you have not agreed that template \"ide\" has it");
}

TEST(Granted, a_name_in_the_content_of_a_file_that_stands_for_nothing_is_refused) {
    auto spec = facts().revision.spec;
    EXPECT_NO_THROW(check_values(spec));
    spec.components.front().files.front().content = "${user.nme}";
    EXPECT_THROW(check_values(spec), Error);
}

}  // namespace
}  // namespace berth::plan
