#include "acts/quota.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "acts/ask.hpp"
#include "acts/launch.hpp"
#include "acts/people.hpp"
#include "acts/workspace.hpp"
#include "base/clock.hpp"

namespace berth::acts {
namespace {

using plan::Resource;

const Time now{std::chrono::hours(500'000)};
const Caller root{.name = "root", .role = Role::admin};

class Quotas : public ::testing::Test {
  protected:
    Quotas() {
        for (const auto* name : {"ada", "bob", "eve"})
            write([&](store::Tx& tx) {
                tx.insert_user({.id = {std::string("usr_") + name}, .name = name, .created_at = now});
            });
        TemplateSpec spec;
        spec.components = {{.name = "ide", .image = "ide:1", .mounts = {{"home", "/home"}}}};
        spec.components.front().resources = {.cpu = MilliCpu{500}, .memory = Bytes{1000}, .gpu = 1};
        spec.volumes = {{.name = "home", .size = Bytes{100}}};
        write([&](store::Tx& tx) {
            tx.insert_revision({.name = "ide", .spec = spec, .created_at = now, .updated_at = now});
        });
    }
    template <class F>
    std::invoke_result_t<F, store::Tx&> write(F work) {
        asio::io_context loop;
        auto done = asio::co_spawn(loop, store_->write(std::move(work)), asio::use_future);
        loop.run();
        return done.get();
    }
    User user(store::Rows& rows, const std::string& name) { return *rows.find_user_by_name(name); }
    Session start(const std::string& name) {
        return write([&](store::Tx& tx) {
            return launch(tx, {.user = {"usr_" + name},
                               .actor = name,
                               .wish = {.template_ = "ide"},
                               .engine = "container",
                               .now = now});
        });
    }
    Session ask(const Session& session, plan::Asked (*what)(Session&, Time)) {
        return write([&](store::Tx& tx) {
            return put_ask(tx, {.caller = {.user = session.user, .name = "ada"},
                                .name = session.id.text,
                                .ask = what,
                                .kind = "session.asked",
                                .now = now});
        });
    }
    void join(const std::string& group, const std::string& name) {
        write([&](store::Tx& tx) { join_group(tx, root, group, user(tx, name), now); });
    }
    void add_group(const std::string& name, const Quota& quota, const std::string& tier = "") {
        write([&](store::Tx& tx) {
            acts::add_group(tx, root, {.name = name, .tier = tier, .quota = quota, .created_at = now});
        });
    }
    template <class F>
    std::string refusal(F work) {
        try {
            work();
        } catch (const Error& error) {
            return error.code + ": " + error.user;
        }
        return "done";
    }
    plan::Amounts used(const std::string& name) {
        return write([&](store::Tx& tx) { return account_of(tx, user(tx, name)).used; });
    }

    VirtualClock clock_{now};
    std::unique_ptr<store::Store> store_ = store::open({}, clock_);
};

TEST_F(Quotas, everything_that_exists_and_everything_that_runs_is_counted_once) {
    const auto one = start("ada");
    start("ada");
    start("bob");
    plan::Amounts both;
    both[Resource::sessions] = both[Resource::running] = both[Resource::gpu] = both[Resource::workspaces] = 2;
    both[Resource::cpu] = 1000;
    both[Resource::memory] = 2000;
    both[Resource::storage] = 200;
    EXPECT_EQ(used("ada"), both);
    ask(one, plan::ask_hibernate);
    both[Resource::running] = both[Resource::gpu] = 1;
    both[Resource::cpu] = 500;
    both[Resource::memory] = 1000;
    EXPECT_EQ(used("ada"), both) << "a stopped one keeps its volume and takes nothing else";
    add_group("physics", {.running = 9});
    join("physics", "ada");
    join("physics", "bob");
    const auto together = write([](store::Tx& tx) { return account_of(tx, find_group(tx, "physics")).used; });
    EXPECT_EQ(together[Resource::running], 2);
    EXPECT_EQ(together[Resource::sessions], 3);
    EXPECT_EQ(together[Resource::storage], 300);
}

TEST_F(Quotas, a_group_that_is_full_refuses_each_of_its_members_and_nobody_else) {
    add_group("physics", {.running = 1});
    join("physics", "ada");
    join("physics", "bob");
    start("ada");
    EXPECT_EQ(refusal([&] { start("bob"); }),
              "quota_exceeded: the limit of running sessions of group physics is 1, and 1 run");
    EXPECT_EQ(refusal([&] { start("eve"); }), "done");
}

TEST_F(Quotas, storage_is_counted_before_a_volume_is_made_and_an_old_volume_is_not_counted_twice) {
    write([&](store::Tx& tx) {
        auto ada = user(tx, "ada");
        ada.quota = {.storage = Bytes{150}};
        tx.update_user(ada);
    });
    const auto one = start("ada");
    EXPECT_EQ(
        refusal([&] { start("ada"); }),
        "quota_exceeded: your limit of storage is 150 (the user's quota), and 100 are in use; this needs "
        "100 more");
    const Caller ada{.user = {"usr_ada"}, .name = "ada"};
    const auto add = [&] {
        write([&](store::Tx& tx) { return make_workspace(tx, ada, "more", "ide", "container", now); });
    };
    EXPECT_TRUE(refusal(add).starts_with("quota_exceeded: your limit of storage is 150"));
    write([&](store::Tx& tx) {
        auto row = *tx.find_session(Caller::system(), one.id);
        row.status.phase = Phase::gone;
        tx.update_session(row);
    });
    EXPECT_EQ(refusal([&] { start("ada"); }), "done") << "the workspace of the one before is there";
}

TEST_F(Quotas, a_quota_lowered_below_its_use_stops_nothing_and_lets_nothing_new_in) {
    const auto one = start("ada");
    const auto two = start("ada");
    write([&](store::Tx& tx) {
        auto ada = user(tx, "ada");
        ada.quota = {.running = 1};
        tx.update_user(ada);
    });
    EXPECT_EQ(used("ada")[Resource::running], 2);
    const auto full = "quota_exceeded: your limit of running sessions is 1 (the user's quota), and 2 run";
    EXPECT_EQ(refusal([&] { start("ada"); }), full);
    EXPECT_EQ(refusal([&] { ask(one, plan::ask_restart); }), "done") << "what runs may start afresh";
    ask(one, plan::ask_hibernate);
    EXPECT_EQ(refusal([&] { ask(one, plan::ask_wake); }),
              "quota_exceeded: your limit of running sessions is 1 (the user's quota), and 1 run");
    ask(two, plan::ask_hibernate);
    EXPECT_EQ(refusal([&] { ask(one, plan::ask_wake); }), "done");
}

TEST_F(Quotas, a_tier_is_that_of_the_user_or_of_a_group) {
    const auto limit = [&] {
        return write(
            [&](store::Tx& tx) { return account_of(tx, user(tx, "ada")).limits.at(Resource::running); });
    };
    EXPECT_EQ(limit(), (plan::Limit{5, "the default quota"}));
    for (const auto& [name, running] : {std::pair("free", 1), std::pair("paid", 7)})
        write([&](store::Tx& tx) {
            acts::add_tier(tx, root, {.name = name, .quota = {.running = running}, .created_at = now});
        });
    add_group("physics", {}, "paid");
    join("physics", "ada");
    EXPECT_EQ(limit(), (plan::Limit{7, "tier paid"}));
    write([&](store::Tx& tx) {
        auto ada = user(tx, "ada");
        ada.tier = "free";
        tx.update_user(ada);
    });
    EXPECT_EQ(limit(), (plan::Limit{1, "tier free"}));
}

TEST_F(Quotas, what_somebody_has_is_not_taken_away_from_under_them) {
    write([&](store::Tx& tx) { acts::add_tier(tx, root, {.name = "free", .created_at = now}); });
    add_group("physics", {}, "free");
    join("physics", "ada");
    const auto rm_tier = [&] { write([&](store::Tx& tx) { remove_tier(tx, root, "free", now); }); };
    const auto rm_group = [&] { write([&](store::Tx& tx) { remove_group(tx, root, "physics", now); }); };
    EXPECT_EQ(refusal(rm_tier), "tier_in_use: tier \"free\" is that of group physics");
    EXPECT_EQ(refusal(rm_group), "group_in_use: group \"physics\" has 1 member: user ada");
    write([&](store::Tx& tx) {
        leave_group(tx, root, "physics", user(tx, "ada"), now);
        leave_group(tx, root, "physics", user(tx, "ada"), now);
    });
    EXPECT_EQ(refusal(rm_group), "done");
    EXPECT_EQ(refusal(rm_tier), "done");
    EXPECT_EQ(refusal(rm_tier), "not_found: there is no such tier, or it is not yours");
}

TEST_F(Quotas, a_name_is_a_label_and_taken_once) {
    const auto tier = [&](const std::string& name) {
        return refusal([&] { write([&](store::Tx& tx) { acts::add_tier(tx, root, {.name = name}); }); });
    };
    EXPECT_EQ(tier("free"), "done");
    EXPECT_EQ(tier("free"), "name_taken: there is a tier \"free\" already");
    for (const auto* bad : {"Free", "", "-a", "a-", "a b", "ä", "a/b"})
        EXPECT_TRUE(tier(bad).starts_with("invalid_name: ")) << bad;
    const auto group = [&](Group wanted) {
        return refusal([&] { write([&](store::Tx& tx) { acts::add_group(tx, root, wanted); }); });
    };
    EXPECT_EQ(group({.name = "physics", .description = "Fakultät für Physik"}), "done");
    EXPECT_EQ(group({.name = "physics"}), "name_taken: there is a group \"physics\" already");
    EXPECT_EQ(group({.name = "maths", .tier = "fre"}), "no_such_tier: tier: there is no tier \"fre\"");
    EXPECT_EQ(group({.name = "maths", .description = std::string(201, 'x')}),
              "invalid_field: description: longer than 200 bytes");
}

}  // namespace
}  // namespace berth::acts
