#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <map>

#include "base/clock.hpp"
#include "engine/kubernetes/names.hpp"
#include "imposters/kubernetes/process_1.hpp"
#include "kube/refusal.hpp"
#include "kube/watch.hpp"
#include "net/base64.hpp"

/// Process 1 of all pods of nodes that are only pretended (kwok): listens at every address of this network
/// and answers with the key of the workload whose pod has that address, as a kubelet would have mounted it.
namespace berth::bench {
namespace {

using asio::ip::tcp;
using engine::kubernetes::label_workload;
using kube::text_at;

constexpr std::chrono::milliseconds look_every{2};
constexpr std::chrono::seconds known_within{10};

/// What is known of the cluster.
struct Pods {
    std::map<std::string, std::string> workloads;  ///< By address of the pod.
    std::map<std::string, SecretText> keys;        ///< By workload.

    const SecretText* key_at(const std::string& address) const {
        const auto workload = workloads.find(address);
        const auto key = workload == workloads.end() ? keys.end() : keys.find(workload->second);
        return key == keys.end() ? nullptr : &key->second;
    }
};

/// Hears of one kind of object; what is gone is forgotten when another takes its place.
class Reader final : public kube::Follower {
  public:
    explicit Reader(std::function<void(const json::value&)> take) : take_(std::move(take)) {}
    void listing() override {}
    void seen(const json::value& object) override { take_(object); }
    void gone(const json::value&) override {}
    void listed(const std::string&) override {}
    void lost(const Error& why) override { fmt::print(stderr, "pods: {}\n", why.what()); }
    void resumed() override {}

  private:
    std::function<void(const json::value&)> take_;
};

Task<> answer(tcp::socket socket, const Pods& pods, Clock& clock) {
    const auto address = socket.local_endpoint().address().to_string();
    const auto* key = pods.key_at(address);
    for (const auto until = clock.now() + known_within; key == nullptr && clock.now() < until;) {
        co_await clock.sleep(look_every);
        key = pods.key_at(address);
    }
    if (key == nullptr) co_return;
    imposter::Process1 process(*key, {8080}, [] { return true; }, [](const std::string&, int) { return ""; });
    std::string bytes(4096, '\0');
    while (true) {
        const auto count = co_await socket.async_read_some(asio::buffer(bytes), asio::use_awaitable);
        const auto said = process.hear(bytes.substr(0, count));
        if (!said) co_return;
        if (!said->empty()) co_await asio::async_write(socket, asio::buffer(*said), asio::use_awaitable);
    }
}

Task<> listen(const Pods& pods, Clock& clock) {
    const auto executor = co_await asio::this_coro::executor;
    tcp::acceptor acceptor(executor, {asio::ip::address_v4::any(), engine::kubernetes::init_port});
    acceptor.listen(4096);
    std::puts("ready");
    std::fflush(stdout);
    while (true) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        // Whoever hangs up has ended it.
        asio::co_spawn(executor, answer(std::move(socket), pods, clock), [](std::exception_ptr) {});
    }
}

int run(const std::string& kubeconfig, const std::string& name_space) {
    asio::io_context loop(1);
    SystemClock clock;
    Pods pods;
    Reader of_pods([&](const json::value& pod) {
        const auto address = text_at(pod, {"status", "podIP"});
        if (!address.empty()) pods.workloads[address] = text_at(pod, {"metadata", "labels", label_workload});
    });
    Reader of_secrets([&](const json::value& secret) {
        const auto key = net::base64_decode(text_at(secret, {"data", "key"}));
        if (key) pods.keys[text_at(secret, {"metadata", "labels", label_workload})] = SecretText(*key);
    });
    kube::Client client(kube::read_kubeconfig(kubeconfig, ""), {.user_agent = "pods"}, clock,
                        loop.get_executor());
    const auto fail = [&](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    };
    const kube::Selection all{.namespace_ = name_space, .labels = label_workload};
    asio::co_spawn(loop, kube::follow(client, clock, {.resource = kube::pods, .selection = all}, of_pods),
                   fail);
    asio::co_spawn(
        loop, kube::follow(client, clock, {.resource = kube::secrets, .selection = all}, of_secrets), fail);
    asio::co_spawn(loop, listen(pods, clock), fail);
    // Whoever started it holds the other end.
    asio::posix::stream_descriptor input(loop, ::dup(STDIN_FILENO));
    input.async_wait(asio::posix::stream_descriptor::wait_read,
                     [&](boost::system::error_code) { loop.stop(); });
    loop.run();
    return 0;
}

}  // namespace
}  // namespace berth::bench

/// `pods KUBECONFIG NAMESPACE`: prints `ready` when it listens, ends with its input.
int main(int count, char** words) {
    if (count != 3) return 2;
    try {
        return berth::bench::run(words[1], words[2]);
    } catch (const std::exception& error) {
        fmt::print(stderr, "pods: {}\n", error.what());
        return 1;
    }
}
