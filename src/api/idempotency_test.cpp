#include "api/idempotency.hpp"
#include "api/harness.hpp"

namespace berth::api::testing {
namespace {

const net::Headers key{{"Idempotency-Key", "k1"}};

struct Repeated : World {
    Repeated() {
        send(as_root, "POST", "/api/v1/templates", json::object{{"document", template_document("shell")}});
    }
    net::Response launch(const json::object& body, const Proof& proof) {
        return send(proof, "POST", "/api/v1/sessions", body, key);
    }
    std::int64_t sessions() { return get(as_ann, "/api/v1/sessions").at("total").as_int64(); }
};

TEST(Idempotency, the_same_key_and_body_get_the_same_answer) {
    Repeated world;
    const auto first = world.launch({{"template", "shell"}}, world.as_ann);
    const auto again = world.launch({{"template", "shell"}}, world.as_ann);
    EXPECT_EQ(first.status, 201);
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(text_of(again, "Location"), text_of(first, "Location"));
    EXPECT_EQ(text_of(first, "Idempotency-Replayed"), "");
    EXPECT_EQ(text_of(again, "Idempotency-Replayed"), "true");
    EXPECT_EQ(world.sessions(), 1);
}

TEST(Idempotency, another_body_is_refused) {
    Repeated world;
    world.launch({{"template", "shell"}}, world.as_ann);
    const auto other = world.launch({{"template", "shell"}, {"name", "other"}}, world.as_ann);
    EXPECT_EQ(other.status, 422);
    EXPECT_EQ(body_of(other).at("code"), "idempotency_mismatch");
    EXPECT_EQ(world.sessions(), 1);
}

TEST(Idempotency, a_key_is_of_one_user_and_one_route) {
    Repeated world;
    const auto ann = world.launch({{"template", "shell"}}, world.as_ann);
    const auto bob = world.launch({{"template", "shell"}}, world.as_bob);
    EXPECT_EQ(bob.status, 201);
    EXPECT_NE(body_of(bob).at("id"), body_of(ann).at("id"));
    const auto workspace =
        world.send(world.as_ann, "POST", "/api/v1/workspaces", {{"name", "w"}, {"template", "shell"}}, key);
    EXPECT_EQ(workspace.status, 201) << workspace.body;
}

TEST(Idempotency, two_at_once_make_one) {
    Repeated world;
    std::vector<net::Response> answers;
    for (int i = 0; i < 2; ++i) {
        auto headers = key;
        headers.emplace_back("Content-Type", "application/json");
        auto request =
            world.request(world.as_ann, "POST", "/api/v1/sessions", R"({"template":"shell"})", headers);
        asio::co_spawn(
            world.io, world.api->answer(std::move(request)),
            [&](std::exception_ptr, net::Response response) { answers.push_back(std::move(response)); });
    }
    world.run_until([&] { return answers.size() == 2; });
    EXPECT_EQ(answers[0].body, answers[1].body);
    EXPECT_EQ(world.sessions(), 1);
}

TEST(Idempotency, a_failure_is_not_remembered_and_an_answer_for_a_day) {
    Repeated world;
    EXPECT_EQ(world.launch({{"template", "none"}}, world.as_ann).status, 404);
    EXPECT_EQ(world.launch({{"template", "shell"}}, world.as_ann).status, 201);
    world.clock.advance(start_of_time + remembered_for + Duration(1));
    EXPECT_EQ(world.launch({{"template", "shell"}, {"name", "b"}}, world.as_ann).status, 201);
    EXPECT_EQ(world.sessions(), 2);
}

TEST(Idempotency, a_key_has_a_length) {
    Repeated world;
    for (const auto& text : {std::string(), std::string(256, 'x')})
        EXPECT_EQ(world
                      .send(world.as_ann, "POST", "/api/v1/sessions", {{"template", "shell"}},
                            {{"Idempotency-Key", text}})
                      .status,
                  400);
}

}  // namespace
}  // namespace berth::api::testing
