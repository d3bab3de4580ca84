#include "operator/lease.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "imposters/kubernetes/harness.hpp"
#include "kube/refusal.hpp"

namespace berth::control {
namespace {

using namespace std::chrono_literals;

class Leases : public testing::Test {
  protected:
    Leases() {
        log::configure(log::Level::off, log::Format::text);
        server.objects.create("namespaces", {{"metadata", json::object{{"name", "n"}}}});
    }
    ~Leases() override {
        tasks.cancel();
        harness.settle();
    }
    void show(const std::string& holder, std::int64_t epoch) {
        tasks.start(holder, lease.show(holder, epoch));
        harness.pass(1s);
    }
    void put(const std::string& holder, std::int64_t epoch) {
        const json::object labels{{"berth.dev/instance", "5eed"}};
        server.objects.create(
            "leases", {{"metadata", json::object{{"name", "berth"}, {"namespace", "n"}, {"labels", labels}}},
                       {"spec", json::object{{"holderIdentity", holder}, {"leaseTransitions", epoch}}}});
    }
    std::string holder() {
        const auto* found = server.objects.find({"leases", "n", "berth"});
        return found == nullptr ? "" : imposter::text_at(*found, {"spec", "holderIdentity"});
    }

    imposter::Harness harness;
    imposter::ApiServer& server = harness.server;
    Lease lease{{.cluster = {.address = server.address(), .identity = {.token_file = server.token_file()}},
                 .namespace_ = "n",
                 .name = "berth",
                 .instance = "5eed"},
                harness.clock,
                harness.io.get_executor()};
    TaskGroup tasks{harness.io.get_executor()};
};

TEST_F(Leases, name_who_leads_also_after_a_database_was_put_back) {
    show("one", 3);
    EXPECT_EQ(holder(), "one");
    tasks.cancel();
    show("two", 2);
    EXPECT_EQ(holder(), "two");
}

TEST_F(Leases, are_left_to_a_successor_that_wrote_meanwhile) {
    put("two", 4);
    server.faults.conflicted = 1.0;
    const int before = server.tally.writes;
    show("one", 3);
    EXPECT_EQ(server.tally.writes - before, 1) << "not once more over what the successor wrote";
    EXPECT_EQ(holder(), "two");
}

}  // namespace
}  // namespace berth::control
