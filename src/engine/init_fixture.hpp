#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>

#include "base/child.hpp"
#include "engine/init_client.hpp"

/// What the tests of whoever speaks to process 1 share.
namespace berth::engine {

/// A real berth-init that runs `sleep` on this machine, and a loop for whoever speaks to it.
class InitFixture : public ::testing::Test {
  protected:
    InitFixture() {
        std::string pattern = std::filesystem::temp_directory_path() / "berth-init-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    ~InitFixture() override {
        child_.reset();
        std::filesystem::remove_all(folder_);
    }
    std::string path() const { return folder_ + "/init.sock"; }
    void start_init(std::vector<std::string> options = {}) {
        std::vector<std::string> arguments{BERTH_INIT_PATH, "run"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        arguments.insert(arguments.end(), {"--", "sleep", "1000"});
        child_ = std::make_unique<BackgroundChild>(
            arguments, std::map<std::string, std::string>{{"BERTH_INIT_SOCKET", path()}}, folder_ + "/log");
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!std::filesystem::exists(path()) && std::chrono::steady_clock::now() < until) {
        }
    }
    template <class T>
    T run(Task<T> task) {
        auto result = asio::co_spawn(loop_, std::move(task), asio::use_future);
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        loop_.restart();
        while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
            if (std::chrono::steady_clock::now() > until) throw std::runtime_error("no end within 20 s");
            loop_.run_one_for(std::chrono::milliseconds(50));
        }
        return result.get();
    }

    asio::io_context loop_;
    SystemClock clock_;
    std::string folder_;
    std::unique_ptr<BackgroundChild> child_;
};

}  // namespace berth::engine
