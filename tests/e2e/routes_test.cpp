// Hosts led to us by objects of a real API server, which checks them against its own and the Gateway API's
// schemas. BERTH_TEST_KUBECONFIG names it, BERTH_TEST_SERVICE our service (NAMESPACE/NAME:PORT, made when it
// is missing and the account may), BERTH_TEST_NAMESPACE the sessions' namespace, BERTH_TEST_ROUTES the kind:
// ingress or httpRoute.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>

#include "engine/kubernetes/kubernetes_engine.hpp"

namespace berth::e2e {
namespace {

using engine::kubernetes::RouteKind;

std::string variable(const char* name, const std::string& otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr || *text == '\0' ? otherwise : text;
}

const std::vector<std::string> hosts{"lab-7f3k.apps.example.org", "ide--lab-7f3k.apps.example.org"};

class RealRoutes : public ::testing::TestWithParam<RouteKind> {
  protected:
    void SetUp() override {
        const auto config = variable("BERTH_TEST_KUBECONFIG", "");
        if (config.empty()) GTEST_SKIP() << "no API server: BERTH_TEST_KUBECONFIG is not set";
        const auto only = variable("BERTH_TEST_ROUTES", "");
        if (!only.empty() && (only == "ingress") != (GetParam() == RouteKind::ingress))
            GTEST_SKIP() << "only " << only << " is asked for";
        engine::KubernetesOptions options{
            .cluster = kube::read_kubeconfig(config, ""),
            .instance = "e2eroutes",
            .secret = SecretText("of a test"),
            .namespace_ = variable("BERTH_TEST_NAMESPACE", "berth-e2e-routes"),
            .init_program = "berth-init",
            .architecture = "amd64",
        };
        engine::kubernetes::read_service(variable("BERTH_TEST_SERVICE", "default/kubernetes:443"),
                                         options.routes);
        options.routes.kind = GetParam();
        options.routes.class_ = "nginx";
        options.routes.tls_secret = "berth-tls";
        options.routes.annotations = {{"example.org/a", "b"}};
        options.routes.parents = {{.namespace_ = "gateways", .name = "public", .section = "https"}};
        routes_ = options.routes;
        engine_ = std::make_unique<engine::KubernetesEngine>(loop_.get_executor(), clock_, options);
        run(engine_->start());
        ASSERT_EQ(engine_->down_because(), std::nullopt);
    }
    void TearDown() override {
        if (!engine_) return;
        run(engine_->apply(id_, {WithdrawHosts{}, RemoveNetwork{}}));
        run(engine_->stop());
    }
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
    void pass(std::chrono::milliseconds length) {
        loop_.restart();
        loop_.run_for(length);
    }
    /// Observes until that is what is led.
    bool led(const std::vector<std::string>& wanted) {
        for (int i = 0; i < 100; ++i) {
            const auto seen = run(engine_->observe(id_)).hosts;
            if (seen == wanted) return true;
            pass(std::chrono::milliseconds(50));
        }
        return false;
    }
    void publish(const std::vector<std::string>& wanted) {
        for (int i = 0;; ++i) try {
                return run(engine_->apply(id_, {PublishHosts{wanted}}));
            } catch (const Error& error) {
                if (error.kind != Kind::busy || i > 20) throw;
                pass(std::chrono::milliseconds(100));
            }
    }

    asio::io_context loop_;
    SystemClock clock_;
    engine::kubernetes::RouteOptions routes_;
    std::unique_ptr<engine::KubernetesEngine> engine_;
    const WorkloadId id_{"ses_e2eroutes"};
};

TEST_P(RealRoutes, are_taken_by_the_api_server_as_they_are_rendered) {
    EXPECT_TRUE(led({}));
    publish(hosts);
    EXPECT_TRUE(led(hosts)) << "what the server fills in is no edit of somebody's";
    const kube::Key key{routes_.service.namespace_, engine::kubernetes::workload_name(id_)};
    const auto& resource = engine::kubernetes::resource_of(GetParam());
    const auto there = run(engine_->client().find(resource, key));
    ASSERT_TRUE(there);
    const auto seen = engine::kubernetes::read_route(*there);
    EXPECT_EQ(seen.hosts, hosts);
    EXPECT_EQ(there->at("metadata").at("annotations").at("example.org/a"), "b");
    EXPECT_EQ(there->at("metadata").at("ownerReferences").as_array().size(), 1u);
    run(engine_->apply(id_, {WithdrawHosts{}}));
    EXPECT_TRUE(led({}));
    EXPECT_FALSE(run(engine_->client().find(resource, key)));
}

TEST_P(RealRoutes, with_other_hosts_replace_the_old_ones) {
    publish(hosts);
    publish({"other-1111.apps.example.org"});
    EXPECT_TRUE(led({"other-1111.apps.example.org"}));
}

INSTANTIATE_TEST_SUITE_P(Kinds, RealRoutes, ::testing::Values(RouteKind::ingress, RouteKind::http_route),
                         [](const auto& kind) {
                             return kind.param == RouteKind::ingress ? "ingress" : "http_route";
                         });

}  // namespace
}  // namespace berth::e2e
