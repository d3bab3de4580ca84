#include <chrono>

#include "engine_fixture.hpp"

namespace berth::e2e {
namespace {

const std::string value = "hunter2-is-nowhere";

Task<SecretText> text(std::string words) {
    co_return SecretText(std::move(words));
}

/// What the owner of every workload keeps, and a component that gets it.
class DeliveryTest : public ContainerEngineTest {
  protected:
    Task<engine::Material> give(std::vector<SecretRef> refs) {
        engine::Material material;
        for (const auto& ref : refs) {
            if (ref.as == SecretAs::env) material.env[ref.target] = SecretText(value_);
            if (ref.as == SecretAs::file) add(material, ref.target, value_, 1);
            if (ref.as == SecretAs::user_files)
                for (const auto& [name, parts] : files_)
                    add(material, ref.target + "/" + name, std::string(1 << 20, 'x'), parts);
        }
        co_return material;
    }

    static void add(engine::Material& material, std::string path, std::string part, int parts) {
        engine::MaterialFile file{.path = std::move(path), .parts = parts};
        file.part = [part = std::move(part)](int) { return text(part); };
        material.files.push_back(std::move(file));
    }

    void keep_materials() {
        auto with = options();
        with.materials = [this](WorkloadId, std::vector<SecretRef> refs) { return give(std::move(refs)); };
        run(engine_->stop());
        engine_ = make_engine(std::move(with));
        run(engine_->start());
    }

    void SetUp() override {
        ContainerEngineTest::SetUp();
        if (!skipped_) keep_materials();
    }

    static WorkloadComponent waiter() {
        auto component = shell("ide", "echo began with $WORD; exec sleep infinity");
        component.env = {{"WORD", "words"}};
        component.files = {{"/tmp/etc/app.toml", "port = 1\n"}};
        component.secrets = {{SecretAs::env, "TOKEN", "GITHUB_TOKEN", "1"},
                             {SecretAs::file, "TOKEN", "/tmp/home/.token", "1", true},
                             {SecretAs::user_files, "", "/tmp/mine", "1", true}};
        return component;
    }

    ObservedComponent there(const WorkloadId& id) {
        const auto observed = observe_until(id, [](const Observed& seen) {
            return !seen.components.empty() && seen.components[0].state == ContainerState::running;
        });
        return observed.components.empty() ? ObservedComponent{} : observed.components[0];
    }

    ObservedComponent bind(const WorkloadId& id, const WorkloadComponent& component) {
        run(engine_->apply(id, {BindComponent{there(id).handle, component}}));
        return ready(id, component.name);
    }

    std::string says(const WorkloadId& id, std::string script) {
        return inside(id, "ide", std::move(script)).second;
    }

    std::string value_ = value;
    std::map<std::string, int> files_{{"a/data.bin", 1}};
};

TEST_F(DeliveryTest, a_component_waits_and_starts_with_all_that_was_brought) {
    const auto id = new_workload();
    const auto component = waiter();
    create(id, component);
    auto seen = there(id);
    EXPECT_TRUE(seen.waiting);
    EXPECT_FALSE(seen.ready);
    seen = bind(id, component);
    EXPECT_FALSE(seen.waiting);
    EXPECT_EQ(seen.delivered, component.secrets);
    EXPECT_EQ(says(id, "echo $GITHUB_TOKEN $WORD; cat /tmp/home/.token; echo; cat /tmp/etc/app.toml"),
              value + " words\n" + value + "\nport = 1\n");
    EXPECT_EQ(says(id, "wc -c < /tmp/mine/a/data.bin; stat -Lc %a /tmp/home/.token"), "1048576\n400\n");
    EXPECT_EQ(says(id, "stat -fLc %T /tmp/home/.token"), "tmpfs\n");
}

TEST_F(DeliveryTest, no_value_is_in_anything_that_the_engine_shows) {
    const auto id = new_workload();
    const auto component = waiter();
    create(id, component);
    const auto seen = bind(id, component);
    const auto podman = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"podman"});
        return host(std::move(words)).output;
    };
    for (const auto& shown :
         {podman({"inspect", seen.handle}), podman({"ps", "-a", "--no-trunc"}), podman({"logs", seen.handle}),
          host({"ps", "axww", "-o", "args"}).output, podman({"diff", seen.handle})})
        EXPECT_EQ(shown.find(value), std::string::npos);
    EXPECT_NE(podman({"inspect", seen.handle}).find("--wait"), std::string::npos) << "that was the container";
    EXPECT_EQ(host({"grep", "-rl", value, data_ + "/run"}).output, "");
}

TEST_F(DeliveryTest, a_second_binding_changes_nothing) {
    const auto id = new_workload();
    const auto component = waiter();
    create(id, component);
    bind(id, component);
    value_ = "another";
    bind(id, component);
    EXPECT_EQ(says(id, "cat /tmp/home/.token"), value);
}

TEST_F(DeliveryTest, a_large_file_arrives_whole) {
    const auto id = new_workload();
    files_ = {{"large", 20}};
    create(id, waiter());
    const auto before = std::chrono::steady_clock::now();
    bind(id, waiter());
    std::printf("20 MiB in %.3f s\n",
                std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count());
    EXPECT_EQ(says(id, "wc -c < /tmp/mine/large"), "20971520\n");
}

TEST_F(DeliveryTest, live_files_change_under_a_program_that_runs) {
    const auto id = new_workload();
    auto component = waiter();
    create(id, component);
    const auto bound = bind(id, component);
    value_ = "newer";
    files_ = {{"b", 1}};
    for (auto& ref : component.secrets) ref.version = "2";
    run(engine_->apply(id, {UpdateFiles{bound.handle, component}}));
    EXPECT_EQ(says(id, "cat /tmp/home/.token; echo; ls /tmp/mine /tmp/mine/a; echo $GITHUB_TOKEN"),
              "newer\n/tmp/mine:\na\nb\n\n/tmp/mine/a:\n" + value + "\n");
    const auto seen = there(id);
    ASSERT_TRUE(seen.delivered);
    EXPECT_EQ(live_changes(component.secrets, *seen.delivered), LiveChanges{});
}

TEST_F(DeliveryTest, a_path_that_its_user_may_not_write_is_named) {
    const auto id = new_workload();
    auto component = waiter();
    component.files = {{"/etc/berth/app.toml", "x"}};
    create(id, component);
    try {
        bind(id, component);
        ADD_FAILURE() << "bound";
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "files_not_written");
        EXPECT_EQ(error.user, "component \"ide\": /etc/berth/app.toml: permission denied");
    }
    EXPECT_TRUE(there(id).waiting);
}

TEST_F(DeliveryTest, a_new_berth_knows_what_waits_and_what_was_brought) {
    const auto id = new_workload(), other = new_workload();
    const auto component = waiter();
    create(id, component);
    create(other, component);
    bind(id, component);
    there(other);
    keep_materials();
    EXPECT_FALSE(there(id).waiting);
    EXPECT_EQ(there(id).delivered, component.secrets);
    EXPECT_TRUE(there(other).waiting);
}

TEST_F(DeliveryTest, what_somebody_restarted_waits_again) {
    const auto id = new_workload();
    const auto component = waiter();
    create(id, component);
    const auto bound = bind(id, component);
    ASSERT_EQ(host({"podman", "restart", "--time", "1", bound.handle}).status, 0);
    observe_until(
        id, [](const Observed& seen) { return !seen.components.empty() && seen.components[0].waiting; });
    bind(id, component);
    EXPECT_EQ(says(id, "cat /tmp/home/.token"), value);
}

TEST_F(DeliveryTest, a_program_inside_delivers_nothing) {
    const auto id = new_workload();
    create(id, waiter());
    bind(id, waiter());
    EXPECT_NE(says(id, "printf 'W\\0\\0\\0\\0' | /.berth/init relay | tr '\\0' ' '")
                  .find("EPERM a component does not deliver to itself"),
              std::string::npos);
}

TEST_F(DeliveryTest, what_gets_nothing_does_not_wait) {
    const auto id = new_workload();
    create(id, shell("ide", "sleep infinity"));
    const auto seen = ready(id, "ide");
    EXPECT_FALSE(seen.waiting);
    EXPECT_EQ(seen.delivered, std::nullopt);
}

}  // namespace
}  // namespace berth::e2e
