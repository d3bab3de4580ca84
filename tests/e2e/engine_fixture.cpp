#include "engine_fixture.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <random>

#include "base/child.hpp"
#include "engine/container/names.hpp"

namespace berth::e2e {
namespace {

namespace fs = std::filesystem;

std::string random_hex() {
    std::random_device device;
    char text[9];
    std::snprintf(text, sizeof text, "%08x", device());
    return text;
}

Task<std::string> exchange(engine::Stream stream) {
    const std::string request = "GET / HTTP/1.0\r\nHost: x\r\n\r\n";
    co_await asio::async_write(stream, asio::buffer(request), asio::use_awaitable);
    std::string answer, bytes(16384, '\0');
    while (true) {
        boost::system::error_code ec;
        const auto count = co_await stream.async_read_some(asio::buffer(bytes),
                                                           asio::redirect_error(asio::use_awaitable, ec));
        if (ec) break;
        answer.append(bytes, 0, count);
    }
    co_return answer;
}

Task<std::pair<int, std::string>> read_all(std::unique_ptr<engine::Process> process) {
    std::string output;
    while (true) {
        const auto event = co_await process->read();
        if (!event) break;
        if (event->kind == engine::TerminalEvent::Kind::exited) co_return std::pair(event->status, output);
        output += event->bytes;
    }
    co_return std::pair(-1, output);
}

}  // namespace

const ObservedComponent* find(const Observed& observed, const std::string& component) {
    for (const auto& there : observed.components)
        if (there.name == component) return &there;
    return nullptr;
}

ContainerEngineTest::ContainerEngineTest() : instance_("e2e" + random_hex()) {
    data_ = fs::temp_directory_path() / ("berth-" + instance_);
}

ContainerEngineTest::~ContainerEngineTest() = default;

engine::ContainerOptions ContainerEngineTest::options() const {
    return {.own_service = true, .data = data_, .instance = instance_, .init = BERTH_INIT_PATH};
}

std::unique_ptr<engine::ContainerEngine> ContainerEngineTest::make_engine(engine::ContainerOptions options) {
    auto made = std::make_unique<engine::ContainerEngine>(loop_.get_executor(), clock_, std::move(options));
    made->watch([this](WorkloadId id) { moved_.push_back(std::move(id)); });
    return made;
}

void ContainerEngineTest::SetUp() {
    fs::create_directory(data_);
    fs::permissions(data_, fs::perms::owner_all);
    engine_ = make_engine(options());
    run(engine_->start());
    ASSERT_EQ(engine_->down_because(), std::nullopt);
    const auto image = run(engine_->resolve_image(shell_image));
    skipped_ = !image;
    if (skipped_)
        GTEST_SKIP() << shell_image << " is not on this machine: build it first (./dev image terminal)";
}

void ContainerEngineTest::TearDown() {
    run(engine_->purge(engine::ContainerEngine::Volumes::remove));
    EXPECT_EQ(run(engine_->list()), std::vector<WorkloadId>{});
    const auto tables = host({"nft", "list", "tables"}).output;
    EXPECT_EQ(tables.find(engine::table_name(instance_)), std::string::npos) << tables;
    run(engine_->stop());
    engine_.reset();
    fs::remove_all(data_);
}

void ContainerEngineTest::restart_berth() {
    run(engine_->stop());
    engine_ = make_engine(options());
    run(engine_->start());
}

WorkloadId ContainerEngineTest::new_workload() {
    return {"ses_" + random_hex()};
}

WorkloadComponent ContainerEngineTest::shell(std::string name, std::string script) {
    WorkloadComponent component;
    component.name = std::move(name);
    component.image = shell_image;
    component.command = {{"sh", "-c", std::move(script)}};
    component.resources.memory = {256 << 20};
    component.generation = "1.0";
    return component;
}

WorkloadComponent ContainerEngineTest::web(std::string name) {
    auto component = shell(
        std::move(name), "cd /tmp && echo hello from $WHO > index.html && exec python3 -m http.server 8000");
    component.env = {{"WHO", component.name}};
    component.ports = {{.name = "http", .port = 8000}};
    component.readiness = Probe{.http = HttpProbe{.port = "http"}};
    return component;
}

void ContainerEngineTest::create(const WorkloadId& id, const WorkloadComponent& component, Egress egress) {
    run(engine_->apply(id, {CreateNetwork{egress}, StartComponent{component}}));
}

void ContainerEngineTest::start(const WorkloadId& id, const WorkloadComponent& component) {
    run(engine_->apply(id, {StartComponent{component}}));
}

Observed ContainerEngineTest::observe_until(const WorkloadId& id, std::function<bool(const Observed&)> so,
                                            int seconds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (true) {
        auto observed = observe(id);
        if (so(observed)) return observed;
        if (std::chrono::steady_clock::now() > until) {
            ADD_FAILURE() << "not within " << seconds
                          << " s; last seen: " << json::write(json::to_json(observed.components));
            return observed;
        }
        run(clock_.sleep(std::chrono::milliseconds(5)));
    }
}

ObservedComponent ContainerEngineTest::ready(const WorkloadId& id, const std::string& component) {
    const auto observed = observe_until(id, [&](const Observed& seen) {
        const auto* there = find(seen, component);
        return there != nullptr && there->ready;
    });
    const auto* there = find(observed, component);
    return there != nullptr ? *there : ObservedComponent{};
}

std::pair<int, std::string> ContainerEngineTest::inside(const WorkloadId& id, const std::string& component,
                                                        std::string script) {
    engine::ExecRequest request{.component = component, .command = {"sh", "-c", std::move(script)}};
    auto process = run(engine_->exec(id, request));
    return run(read_all(std::move(process)));
}

std::string ContainerEngineTest::get(const WorkloadId& id, const std::string& component, int port) {
    auto stream = run([](engine::Engine& engine, WorkloadId workload, std::string name,
                         int number) -> Task<std::optional<engine::Stream>> {
        co_return co_await engine.dial(workload, name, number);
    }(*engine_, id, component, port));
    return run(exchange(std::move(*stream)));
}

ChildResult ContainerEngineTest::host(std::vector<std::string> arguments) {
    ChildRequest request{.arguments = std::move(arguments)};
    return run(run_child(std::move(request), clock_, std::chrono::seconds(30)));
}

}  // namespace berth::e2e
