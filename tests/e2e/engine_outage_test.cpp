#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "engine_fixture.hpp"

namespace berth::e2e {
namespace {

TEST_F(ContainerEngineTest, a_killed_engine_is_said_to_be_away_comes_back_and_containers_live_on) {
    const auto id = new_workload();
    create(id, web("ide"));
    const auto handle = ready(id, "ide").handle;
    const int pid = engine_->service_pid();
    ASSERT_GT(pid, 0);
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    for (int i = 0; i < 1000 && !engine_->down_because(); ++i)
        run(clock_.sleep(std::chrono::milliseconds(1)));
    ASSERT_TRUE(engine_->down_because().has_value());
    try {
        observe(id);
        ADD_FAILURE() << "observed without an engine";
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "engine_unavailable");
        EXPECT_EQ(error.kind, Kind::unavailable);
    }
    EXPECT_NE(get(id, "ide", 8000).find("hello from ide"), std::string::npos) << "dialled without an engine";
    moved_.clear();
    for (int i = 0; i < 1000 && engine_->down_because(); ++i)
        run(clock_.sleep(std::chrono::milliseconds(10)));
    EXPECT_EQ(engine_->down_because(), std::nullopt);
    EXPECT_NE(std::ranges::find(moved_, id), moved_.end());
    EXPECT_NE(engine_->service_pid(), pid);
    const auto after = ready(id, "ide");
    EXPECT_EQ(after.handle, handle);
    EXPECT_EQ(after.state, ContainerState::running);
}

TEST_F(ContainerEngineTest, a_new_berth_finds_everything_and_probes_again) {
    const auto id = new_workload();
    create(id, web("ide"));
    const auto before = ready(id, "ide");
    restart_berth();
    EXPECT_EQ(run(engine_->list()), std::vector{id});
    EXPECT_NE(std::ranges::find(moved_, id), moved_.end());
    const auto after = ready(id, "ide");
    EXPECT_EQ(after.handle, before.handle);
    EXPECT_EQ(after.generation, before.generation);
    EXPECT_NE(get(id, "ide", 8000).find("hello from ide"), std::string::npos);
}

TEST_F(ContainerEngineTest, a_container_removed_by_somebody_else_moves_and_is_absent) {
    const auto id = new_workload();
    create(id, shell("ide", "sleep infinity"));
    const auto handle = ready(id, "ide").handle;
    moved_.clear();
    container::Client client({.unix_path = engine_->socket(), .host = "engine"}, clock_);
    run(client.remove(handle, true));
    const auto observed = observe_until(id, [](const Observed& seen) { return seen.components.empty(); });
    EXPECT_NE(std::ranges::find(moved_, id), moved_.end());
    EXPECT_TRUE(observed.network);
}

TEST_F(ContainerEngineTest, an_end_is_heard_without_asking) {
    const auto id = new_workload();
    create(id, shell("ide", "sleep infinity"));
    ready(id, "ide");
    observe(id);
    moved_.clear();
    inside(id, "ide", "pkill -x sleep");
    for (int i = 0; i < 500 && moved_.empty(); ++i) run(clock_.sleep(std::chrono::milliseconds(10)));
    EXPECT_EQ(moved_.empty() ? WorkloadId{} : moved_.front(), id);
}

TEST_F(ContainerEngineTest, a_configured_socket_that_goes_and_comes_back_is_found_again) {
    const auto path = data_ + "/other.sock";
    const auto serve = [&] {
        std::vector<std::string> arguments{"podman", "system", "service", "--time=0", "unix://" + path};
        const std::map<std::string, std::string> env{{"CONTAINERS_CONF", data_ + "/containers.conf"}};
        return std::make_unique<BackgroundChild>(std::move(arguments), env, data_ + "/other.log");
    };
    auto configured = options();
    configured.socket = path;
    run(engine_->stop());
    auto service = serve();
    engine_ = make_engine(configured);
    run(engine_->start());
    ASSERT_EQ(engine_->down_because(), std::nullopt);
    EXPECT_EQ(engine_->service_pid(), -1);
    const auto id = new_workload();
    create(id, shell("ide", "sleep infinity"));
    ready(id, "ide");
    ::kill(service->pid(), SIGKILL);
    std::filesystem::remove(path);
    for (int i = 0; i < 1000 && !engine_->down_because(); ++i)
        run(clock_.sleep(std::chrono::milliseconds(1)));
    EXPECT_TRUE(engine_->down_because().has_value());
    EXPECT_EQ(inside(id, "ide", "echo alive").second, "alive\n");
    moved_.clear();
    service = serve();
    for (int i = 0; i < 1500 && engine_->down_because(); ++i)
        run(clock_.sleep(std::chrono::milliseconds(10)));
    ASSERT_EQ(engine_->down_because(), std::nullopt);
    EXPECT_NE(std::ranges::find(moved_, id), moved_.end());
    ready(id, "ide");
    run(engine_->purge(engine::ContainerEngine::Volumes::remove));
    run(engine_->stop());
    service.reset();
    engine_ = make_engine(options());
    run(engine_->start());
}

}  // namespace
}  // namespace berth::e2e
