#include "api/harness.hpp"

namespace berth::api::testing {
namespace {

/// Kinds of the frames so far; `hello` and `resync` by their type.
std::vector<std::string> kinds(const TestSocket& socket) {
    std::vector<std::string> all;
    for (const auto& frame : socket.texts()) {
        const auto& object = frame.as_object();
        all.emplace_back(object.contains("kind") ? object.at("kind").as_string()
                                                 : object.at("type").as_string());
    }
    return all;
}

struct Followed : World {
    explicit Followed(Limits limits = {}) : World(limits) {
        send(as_root, "POST", "/api/v1/templates", json::object{{"document", template_document("shell")}});
    }
    void launch(const Proof& proof) { send(proof, "POST", "/api/v1/sessions", {{"template", "shell"}}); }
    void wait_for(const std::shared_ptr<TestSocket>& socket, std::size_t frames) {
        run_until([&] { return socket->sent.size() >= frames; });
    }
};

using Kinds = std::vector<std::string>;
const Kinds launched{"workspace.created", "workspace.created", "session.created", "session.created"};

Kinds after_hello(Kinds more) {
    more.insert(more.begin(), "hello");
    return more;
}

TEST(Events, each_sees_what_is_theirs_as_it_happens) {
    Followed world;
    const auto ann = world.open(world.as_ann, "/api/v1/events");
    const auto bob = world.open(world.as_bob, "/api/v1/events");
    const auto root = world.open(world.as_root, "/api/v1/events?all=true");
    for (const auto& socket : {ann, bob, root}) world.wait_for(socket, 1);
    world.launch(world.as_ann);
    world.wait_for(ann, 5);
    world.wait_for(root, 5);
    EXPECT_EQ(kinds(*ann), after_hello(launched));
    EXPECT_EQ(kinds(*root), after_hello(launched));
    EXPECT_EQ(kinds(*bob), Kinds{"hello"});
    const auto last = ann->texts().back();
    EXPECT_EQ(last.at("sequence"), world.events().back().sequence);
    EXPECT_EQ(last.at("class"), "state");
    EXPECT_EQ(last.at("actor"), "ann");
    EXPECT_EQ(last.at("data").at("status").at("steps").as_array().size(), 6U);
    EXPECT_FALSE(last.as_object().contains("owner"));
}

TEST(Events, a_client_that_was_away_goes_on_where_it_was) {
    Followed world;
    const auto before = world.events().back().sequence;
    world.launch(world.as_ann);
    const auto socket = world.open(world.as_ann, "/api/v1/events?after=" + std::to_string(before));
    world.wait_for(socket, 5);
    EXPECT_EQ(kinds(*socket), after_hello(launched));
    world.ask(world.as_ann, "DELETE", "/api/v1/sessions/shell");
    world.wait_for(socket, 7);
    const auto frames = socket->texts();
    for (std::size_t i = 2; i < frames.size(); ++i)
        EXPECT_GT(frames[i].at("sequence").as_int64(), frames[i - 1].at("sequence").as_int64());
}

TEST(Events, who_is_too_far_behind_or_ahead_starts_anew) {
    Followed world;
    world.write([](store::Tx& tx) { tx.forget_expired(start_of_time + std::chrono::hours(24 * 3650)); });
    world.launch(world.as_ann);
    for (const auto* after : {"0", "100000"}) {
        const auto socket = world.open(world.as_ann, std::string("/api/v1/events?after=") + after);
        world.wait_for(socket, 2);
        EXPECT_EQ(kinds(*socket), (Kinds{"hello", "resync"}));
        EXPECT_EQ(socket->texts().back().at("sequence"), world.events().back().sequence);
    }
}

TEST(Events, a_slow_client_starts_anew_and_costs_a_bounded_queue) {
    Limits limits;
    limits.events_waiting = 3;
    Followed world(limits);
    const auto socket = world.open(world.as_ann, "/api/v1/events");
    world.wait_for(socket, 1);
    socket->set_slow(true);
    for (int i = 0; i < 3; ++i) world.launch(world.as_ann);
    socket->set_slow(false);
    const json::object newest{{"type", "resync"}, {"sequence", world.events().back().sequence}};
    world.run_until([&] { return socket->texts().back() == json::value(newest); });
    EXPECT_LE(socket->sent.size(), 8U);
}

TEST(Events, images_move_for_those_who_see_their_template) {
    Followed world;
    auto own = template_document("mine");
    own.at("spec").at("components").at(0).at("image") = "localhost/secret:1";
    world.send(world.as_ann, "POST", "/api/v1/templates", json::object{{"document", own}});
    const auto ann = world.open(world.as_ann, "/api/v1/events");
    const auto bob = world.open(world.as_bob, "/api/v1/events");
    world.wait_for(ann, 1);
    world.wait_for(bob, 1);
    world.ask(world.as_ann, "POST", "/api/v1/templates/mine/prepare");
    world.run_until([&] {
        world.clock.advance(world.clock.now() + Duration(10));
        return ann->sent.size() >= 2 && ann->texts().back().at("data").at("state") == "present";
    });
    const auto frame = ann->texts().back();
    EXPECT_EQ(frame.at("kind"), "image.progress");
    EXPECT_EQ(frame.at("subject"), "localhost/secret:1");
    EXPECT_FALSE(frame.as_object().contains("sequence"));
    EXPECT_EQ(kinds(*bob), Kinds{"hello"});
}

TEST(Events, signing_out_ends_the_socket_of_that_browser_only) {
    Followed world;
    const auto first = world.cookie_of(world.ann), second = world.cookie_of(world.ann);
    const auto one = world.open(first, "/api/v1/events"), other = world.open(second, "/api/v1/events");
    world.wait_for(one, 1);
    world.wait_for(other, 1);
    world.ask(first, "POST", "/auth/logout");
    world.run_until([&] { return one->closed.has_value(); });
    EXPECT_EQ(one->closed, 4401);
    EXPECT_EQ(kinds(*one).back(), "problem");
    EXPECT_FALSE(other->closed);
    world.ask(world.as_root, "DELETE", "/api/v1/users/ann");
    world.run_until([&] { return other->closed.has_value(); });
    EXPECT_EQ(other->closed, 4401);
}

TEST(Events, a_socket_ends_when_its_sign_in_expires) {
    Followed world;
    const auto cookie = world.cookie_of(world.ann);
    const auto socket = world.open(cookie, "/api/v1/events");
    world.wait_for(socket, 1);
    world.clock.advance(start_of_time + auth::login_lifetime);
    world.run_until([&] { return socket->closed.has_value(); });
    EXPECT_EQ(socket->closed, 4401);
}

TEST(Events, a_user_has_so_many_sockets) {
    Limits limits;
    limits.sockets_per_user = 2;
    Followed world(limits);
    const auto first = world.open(world.as_ann, "/api/v1/events"),
               second = world.open(world.as_ann, "/api/v1/events");
    world.wait_for(first, 1);
    world.wait_for(second, 1);
    const auto third = world.open(world.as_ann, "/api/v1/events");
    world.run_until([&] { return third->closed.has_value(); });
    EXPECT_EQ(third->closed, 4429);
    first->leave();
    std::shared_ptr<TestSocket> fourth;
    world.run_until([&] { return first.use_count() == 1; });
    fourth = world.open(world.as_ann, "/api/v1/events");
    world.wait_for(fourth, 1);
    EXPECT_FALSE(fourth->closed);
}

}  // namespace
}  // namespace berth::api::testing
