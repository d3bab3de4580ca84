#include <boost/asio/ip/tcp.hpp>

#include "engine_fixture.hpp"

namespace berth::e2e {
namespace {

/// Whether a TCP connection from inside gets through, or is refused by the other side itself.
std::string reach(const std::string& address, int port) {
    return "python3 -c \"import socket; s=socket.create_connection(('" + address + "'," +
           std::to_string(port) + "),2); print('reached')\" 2>&1 | tail -1";
}

TEST_F(ContainerEngineTest, a_session_reaches_no_other_session) {
    const auto one = new_workload();
    const auto two = new_workload();
    create(one, web("ide"));
    create(two, shell("spy", "sleep infinity"));
    ready(one, "ide");
    ready(two, "spy");
    auto address = inside(one, "ide", "hostname -i").second;
    address = address.substr(0, address.find_first_of(" \n"));
    EXPECT_EQ(inside(one, "ide", reach(address, 8000)).second, "reached\n") << address;
    EXPECT_EQ(inside(two, "spy", reach(address, 8000)).second, "TimeoutError: timed out\n") << address;
    EXPECT_NE(inside(two, "spy", "getent hosts ide").first, 0);
}

TEST_F(ContainerEngineTest, a_session_reaches_neither_this_machine_nor_private_and_metadata_addresses) {
    const auto id = new_workload();
    create(id, shell("spy", "sleep infinity"));
    ready(id, "spy");
    // A real service on every address of this machine.
    asio::ip::tcp::acceptor service(loop_, {asio::ip::tcp::v4(), 0});
    const int port = service.local_endpoint().port();
    auto gateway = inside(id, "spy", "awk '$2==\"00000000\"{print $3}' /proc/net/route").second;
    ASSERT_EQ(gateway.size(), 9u) << gateway;
    std::string dotted;
    for (int at : {6, 4, 2, 0})
        dotted += std::to_string(std::stoi(gateway.substr(at, 2), nullptr, 16)) + (at > 0 ? "." : "");
    EXPECT_EQ(inside(id, "spy", reach(dotted, port)).second, "TimeoutError: timed out\n") << dotted;
    EXPECT_EQ(inside(id, "spy", reach("169.254.169.254", 80)).second, "TimeoutError: timed out\n");
    EXPECT_EQ(inside(id, "spy", reach("192.168.77.1", 80)).second, "TimeoutError: timed out\n");
    EXPECT_EQ(inside(id, "spy", reach("100.64.0.1", 80)).second, "TimeoutError: timed out\n");
    EXPECT_EQ(
        inside(
            id, "spy",
            "grep -v '^#' /etc/resolv.conf | head -1 >/dev/null; getent hosts spy >/dev/null && echo named")
            .second,
        "named\n");
}

TEST_F(ContainerEngineTest, egress_none_reaches_its_own_components_and_nothing_else) {
    const auto id = new_workload();
    create(id, web("model"), Egress::none);
    start(id, shell("spy", "sleep infinity"));
    ready(id, "model");
    ready(id, "spy");
    EXPECT_EQ(inside(id, "spy", "curl -s --max-time 5 http://model:8000/").second, "hello from model\n");
    EXPECT_EQ(inside(id, "spy", reach("1.1.1.1", 443)).second,
              "OSError: [Errno 101] Network is unreachable\n");
    // A name is a way out too: a question with more than one label goes nowhere.
    EXPECT_NE(inside(id, "spy", "getent hosts deb.debian.org").first, 0);
    // The gateway is this machine.
    EXPECT_EQ(
        inside(id, "spy",
               "python3 -c \"import socket,fcntl; s=socket.socket(); s.settimeout(2); "
               "g=socket.gethostbyname('spy').rsplit('.',1)[0]+'.1'; print(s.connect_ex((g,22)) != 0)\"")
            .second,
        "True\n");
}

TEST_F(ContainerEngineTest, rules_that_somebody_removed_are_loaded_again) {
    auto quick = options();
    quick.relist = std::chrono::milliseconds(200);
    run(engine_->stop());
    engine_ = make_engine(quick);
    run(engine_->start());
    const auto id = new_workload();
    create(id, shell("spy", "sleep infinity"));
    ready(id, "spy");
    ASSERT_EQ(host({"nft", "delete", "table", "inet", "berth_" + instance_}).status, 0);
    ChildResult listed;
    for (int i = 0; i < 500; ++i) {
        listed = host({"nft", "list", "set", "inet", "berth_" + instance_, "pairs"});
        if (listed.status == 0) break;
        run(clock_.sleep(std::chrono::milliseconds(10)));
    }
    EXPECT_NE(listed.output.find("brth"), std::string::npos) << listed.output;
}

}  // namespace
}  // namespace berth::e2e
