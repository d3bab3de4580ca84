#include "doctor.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <iostream>

#include "engines.hpp"
#include "local.hpp"

namespace berth {
namespace {

constexpr Duration server_limit = std::chrono::minutes(2);

/// Prints one check; false when it failed.
bool show(bool passed, std::string_view name, std::string_view message, std::string_view fix) {
    std::cout << (passed ? "ok    " : "FAIL  ") << name << ": " << message << std::endl;
    if (!passed) std::cout << "      fix: " << fix << std::endl;
    return passed;
}

int ask_server(const std::string& socket_path) {
    const auto answer = LocalServer(socket_path).call("POST", "/api/v1/engines/check", server_limit);
    int failed = 0;
    for (const auto& check : answer.at("checks").as_array()) {
        const auto text = [&](const char* key) -> std::string_view { return check.at(key).as_string(); };
        if (!show(check.at("passed").as_bool(), text("name"), text("message"), text("fix"))) ++failed;
    }
    return failed;
}

/// In a cluster nothing is made for it: `start` only looks, and nobody tends.
Task<> examine(engine::Engine& engine, int& failed) {
    co_await engine.start();
    for (const auto& check : co_await engine.examine())
        if (!show(check.passed, check.name, check.message, check.fix)) ++failed;
    co_await engine.stop();
}

int try_engine(const Config& config) {
    SystemClock clock;
    asio::io_context io;
    std::filesystem::create_directories(config.data_directory);
    const auto engine = make_engine(config, {"d0c7", SecretText("doctor")}, clock, io.get_executor(), {});
    int failed = 0;
    std::exception_ptr failure;
    asio::co_spawn(io, examine(*engine, failed), [&](std::exception_ptr thrown) {
        failure = thrown;
        io.stop();
    });
    io.run();
    if (failure) std::rethrow_exception(failure);
    return failed;
}

}  // namespace

int doctor(const Config& given) {
    const auto config = with_defaults(given);
    const auto socket_path = data_path(config, "berth.sock");
    if (listener_of(socket_path)) {
        try {
            return ask_server(socket_path) == 0 ? 0 : 1;
        } catch (const Error& error) {
            // A server that has no administrator yet answers nobody: the engine can be tried all the same.
            if (error.kind != Kind::unauthenticated) throw;
        }
    }
    return try_engine(config) == 0 ? 0 : 1;
}

}  // namespace berth
