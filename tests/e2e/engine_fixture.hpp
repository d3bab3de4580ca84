#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/container/container_engine.hpp"

namespace berth::e2e {

/// An image with a shell, Python and curl: one of the starter catalog.
inline constexpr const char* shell_image = "localhost/berth/terminal:1";

/// A real engine of its own: a Podman service, a data directory and an instance that nobody else has.
/// Everything with its label is removed at the end, and a test fails when something is left.
class ContainerEngineTest : public ::testing::Test {
  protected:
    ContainerEngineTest();
    ~ContainerEngineTest() override;
    void SetUp() override;
    void TearDown() override;

    /// Runs a coroutine to its end, at most a minute.
    template <class T>
    T run(Task<T> task) {
        auto result = asio::co_spawn(loop_, std::move(task), asio::use_future);
        loop_.restart();
        const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
            if (std::chrono::steady_clock::now() > until) throw std::runtime_error("no end within a minute");
            loop_.run_one_for(std::chrono::milliseconds(100));
        }
        return result.get();
    }

    engine::ContainerOptions options() const;
    /// A second engine, or the same after a restart of Berth.
    std::unique_ptr<engine::ContainerEngine> make_engine(engine::ContainerOptions options);
    void restart_berth();

    /// A workload's id that no other test uses.
    WorkloadId new_workload();
    /// `sh -c script` with 256 MiB.
    static WorkloadComponent shell(std::string name, std::string script);
    /// A component that serves its own environment over HTTP on port 8000.
    static WorkloadComponent web(std::string name);
    void create(const WorkloadId& id, const WorkloadComponent& component, Egress egress = Egress::internet);
    void start(const WorkloadId& id, const WorkloadComponent& component);
    Observed observe(const WorkloadId& id) { return run(engine_->observe(id)); }
    /// Observes until it is so; the last observation.
    Observed observe_until(const WorkloadId& id, std::function<bool(const Observed&)> so, int seconds = 30);
    /// The component's last observation once it is ready.
    ObservedComponent ready(const WorkloadId& id, const std::string& component);
    /// Runs a shell script inside; its status and output.
    std::pair<int, std::string> inside(const WorkloadId& id, const std::string& component,
                                       std::string script);
    /// One HTTP exchange through `dial`; the answer with its head.
    std::string get(const WorkloadId& id, const std::string& component, int port);
    /// A program on this machine, to its end.
    ChildResult host(std::vector<std::string> arguments);

    asio::io_context loop_;
    SystemClock clock_;
    std::string data_, instance_;
    std::unique_ptr<engine::ContainerEngine> engine_;
    std::vector<WorkloadId> moved_;
    bool skipped_ = false;
};

const ObservedComponent* find(const Observed& observed, const std::string& component);

}  // namespace berth::e2e
