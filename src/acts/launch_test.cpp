#include "acts/launch.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "acts/rows.hpp"
#include "base/clock.hpp"

namespace berth::acts {
namespace {

const Time now{std::chrono::hours(500'000)};

/// A component with a workspace and two init steps.
TemplateSpec prepared() {
    TemplateSpec spec;
    spec.components = {
        {.name = "ide",
         .image = "ide:1",
         .mounts = {{"home", "/home/project"}, {"cache", "/cache"}},
         .init = {{.image = "git:1", .command = {"git"}}, {.image = "git:1", .command = {"make"}}}}};
    spec.volumes = {{.name = "home"}, {.name = "cache", .scope = VolumeScope::session}};
    return spec;
}

class Launching : public ::testing::Test {
  protected:
    template <class F>
    std::invoke_result_t<F, store::Tx&> write(F work) {
        asio::io_context loop;
        auto done = asio::co_spawn(loop, store_->write(std::move(work)), asio::use_future);
        loop.run();
        return done.get();
    }
    Launching() {
        write([](store::Tx& tx) {
            tx.insert_user({.id = {"usr_1"}, .name = "ada", .display_name = "Ada", .created_at = now});
        });
    }
    void save(const std::string& name, const TemplateSpec& spec) {
        write([&](store::Tx& tx) {
            tx.insert_revision({.name = name, .spec = spec, .created_at = now, .updated_at = now});
        });
    }
    Session start(const Wish& wish, bool gpus = true) {
        return write([&](store::Tx& tx) {
            return launch(tx, {.user = {"usr_1"},
                               .actor = "ada",
                               .wish = wish,
                               .engine = "container",
                               .gpus = gpus,
                               .now = now});
        });
    }
    Session start(const std::string& name, bool gpus = true, std::optional<std::string> workspace = {}) {
        return start(Wish{.template_ = name, .workspace = std::move(workspace)}, gpus);
    }
    std::map<std::string, std::optional<int>> init_of(const std::string& owner) {
        std::map<std::string, std::optional<int>> found;
        write([&](store::Tx& tx) {
            for (const auto& volume : tx.volumes_of(owner)) found[volume.name] = volume.init_done;
        });
        return found;
    }
    std::string refusal(const Wish& wish, bool gpus = true) {
        try {
            start(wish, gpus);
        } catch (const Error& error) {
            return error.code + ": " + error.user + (error.next.empty() ? "" : " | " + error.next);
        }
        return "launched";
    }
    std::string refusal(const std::string& name, bool gpus, std::optional<std::string> workspace = {}) {
        const auto text = refusal(Wish{.template_ = name, .workspace = std::move(workspace)}, gpus);
        return text.substr(0, text.find(" | "));
    }

    VirtualClock clock_{now};
    std::unique_ptr<store::Store> store_ = store::open({}, clock_);
};

TEST_F(Launching, where_there_are_no_devices_a_template_that_wants_some_is_refused_by_name) {
    auto spec = prepared();
    spec.components.front().resources.gpu = 1;
    save("training", spec);
    EXPECT_EQ(
        refusal("training", false),
        "gpu_not_possible: component \"ide\" of template \"training\" wants a GPU, and engine \"container\" "
        "has none to give");
    EXPECT_EQ(refusal("training", true), "launched");
}

TEST_F(Launching, what_is_wrong_with_the_wish_is_said_before_what_there_is_no_room_for) {
    save("ide", prepared());
    start("ide");
    write([](store::Tx& tx) {
        auto user = tx.get_user({"usr_1"});
        user.quota.sessions = 1;
        tx.update_user(user);
    });
    const auto code = [&](const Wish& wish) {
        const auto text = refusal(wish);
        return text.substr(0, text.find(':'));
    };
    EXPECT_EQ(code({.template_ = "ide", .name = "a/b"}), "invalid_name");
    EXPECT_EQ(code({.template_ = "ide", .name = "ide"}), "name_taken");
    EXPECT_EQ(code({.template_ = "ide", .name = "new", .workspace = "a/b"}), "invalid_name");
    EXPECT_EQ(code({.template_ = "ide", .name = "new"}), "quota_exceeded");
}

TEST_F(Launching, a_template_that_is_not_there_brings_the_name_that_may_have_been_meant) {
    save("terminal", prepared());
    save("ide", prepared());
    EXPECT_EQ(refusal(Wish{.template_ = "termnal"}),
              "not_found: there is no such template, or it is not yours | did you mean \"terminal\"?");
    for (const auto* far : {"desktop", "abc", "x"})
        EXPECT_EQ(refusal(Wish{.template_ = far}),
                  "not_found: there is no such template, or it is not yours");
    write([](store::Tx& tx) {
        tx.insert_user({.id = {"usr_2"}, .name = "bob", .display_name = "Bob", .created_at = now});
        tx.insert_revision({.name = "secret",
                            .spec = prepared(),
                            .owner = UserId{"usr_2"},
                            .created_at = now,
                            .updated_at = now});
    });
    EXPECT_EQ(refusal(Wish{.template_ = "secrets"}),
              "not_found: there is no such template, or it is not yours");
}

TEST_F(Launching, a_session_that_is_not_there_brings_the_name_that_may_have_been_meant) {
    save("ide", prepared());
    start(Wish{.template_ = "ide", .name = "Müllers Büro"});
    const auto meant = [&](const std::string& name, const char* who) {
        return write([&](store::Tx& tx) {
            try {
                find_session(tx, Caller{.user = {who}}, name);
            } catch (const Error& error) {
                return error.next;
            }
            return std::string("found");
        });
    };
    EXPECT_EQ(meant("Mullers Büro", "usr_1"), "did you mean \"Müllers Büro\"?");
    EXPECT_EQ(meant("Mullers Büro", "usr_2"), "");
    EXPECT_EQ(meant("lab", "usr_1"), "");
}

TEST_F(Launching, a_new_volume_is_new_for_the_init_steps_that_are_for_it_and_for_no_others) {
    save("ide", prepared());
    const auto session = start("ide");
    EXPECT_EQ(init_of(session.workspace->text), (std::map<std::string, std::optional<int>>{{"home", 0}}));
    EXPECT_EQ(init_of(session.id.text), (std::map<std::string, std::optional<int>>{{"cache", std::nullopt}}));
}

TEST_F(Launching, a_workspace_that_was_there_before_the_steps_is_not_new) {
    auto spec = prepared();
    spec.components.front().init.clear();
    save("ide", spec);
    const auto session = start("ide");
    save("ide-2", prepared());
    write([&](store::Tx& tx) {
        auto row = *tx.find_session(Caller::system(), session.id);
        row.status.phase = Phase::gone;
        tx.update_session(row);
    });
    start("ide-2", true, session.workspace->text);
    EXPECT_EQ(init_of(session.workspace->text),
              (std::map<std::string, std::optional<int>>{{"home", std::nullopt}}));
}

TEST_F(Launching, nobody_joins_a_workspace_that_is_being_made) {
    auto spec = prepared();
    spec.volumes.front().access_mode = AccessMode::ReadWriteMany;
    save("ide", spec);
    const auto first = start("ide");
    EXPECT_EQ(refusal("ide", true, first.workspace->text),
              "workspace_in_use: workspace \"ide\" is in use by session \"ide\"");
    write([&](store::Tx& tx) {
        for (auto volume : tx.volumes_of(first.workspace->text)) {
            volume.init_done.reset();
            tx.update_volume(volume);
        }
    });
    EXPECT_EQ(refusal("ide", true, first.workspace->text), "launched");
}

}  // namespace
}  // namespace berth::acts
