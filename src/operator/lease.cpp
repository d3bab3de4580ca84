#include "operator/lease.hpp"

#include "base/log.hpp"
#include "kube/refusal.hpp"

namespace berth::control {
namespace {

/// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
constexpr kube::Resource leases{"coordination.k8s.io", "v1", "leases", "Lease"};
constexpr std::string_view instance_label = "berth.dev/instance";
constexpr std::string_view foreign = "foreign_object";

/// A MicroTime: RFC 3339 with six digits.
std::string micro_time(Time at) {
    auto text = to_string(at);
    return text.insert(text.size() - 1, "000");
}

}  // namespace

Lease::Lease(LeaseOptions options, Clock& clock, asio::any_io_executor executor)
    : options_(std::move(options)),
      clock_(clock),
      client_(options_.cluster, options_.client, clock, std::move(executor)) {}

Lease::~Lease() = default;

Task<> Lease::show(std::string holder, std::int64_t epoch) {
    const auto since = micro_time(clock_.now());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.every * 2).count();
    for (;;) {
        json::object spec{{"holderIdentity", holder},
                          {"acquireTime", since},
                          {"renewTime", micro_time(clock_.now())},
                          {"leaseDurationSeconds", seconds},
                          {"leaseTransitions", epoch}};
        co_await try_to_write(std::move(spec));
        co_await clock_.sleep(options_.every);
    }
}

Task<> Lease::try_to_write(json::object spec) {
    std::string failure;
    // Once more when somebody was there first: a predecessor, or an answer of ours that was lost.
    for (bool again : {true, false}) {
        failure.clear();
        try {
            // At first whatever is there is older, or of a database that was put back.
            co_await write(spec, again ? Newer::is_replaced : Newer::stays);
        } catch (const Error& error) {
            failure = error.what();
            again = again && error.kind == Kind::conflict && error.code != foreign;
        }
        if (failure.empty() || !again) break;
    }
    if (!failure.empty() && !std::exchange(told_, true))
        log::warning("the Lease that shows who leads was not written",
                     {{"lease", options_.namespace_ + "/" + options_.name}, {"error", failure}});
}

Task<> Lease::write(json::object spec, Newer newer) {
    const kube::Key key{options_.namespace_, options_.name};
    const auto there = co_await client_.find(leases, key);
    if (!there) {
        json::object made{
            {"apiVersion", kube::api_version(leases)},
            {"kind", leases.kind},
            {"metadata", json::object{{"name", key.name},
                                      {"namespace", key.namespace_},
                                      {"labels", json::object{{instance_label, options_.instance}}}}},
            {"spec", std::move(spec)}};
        co_await client_.create(leases, std::move(made));
        co_return;
    }
    if (kube::text_at(*there, {"metadata", "labels", instance_label}) != options_.instance)
        throw Error(Kind::conflict, std::string(foreign), "it belongs to somebody else");
    constexpr auto epoch = "leaseTransitions";
    const bool is_newer = kube::number_at(*there, {"spec", epoch}) > spec.at(epoch).as_int64();
    if (newer == Newer::stays && is_newer) co_return;
    const auto of = [&](std::string_view field) { return kube::text_at(*there, {"metadata", field}); };
    json::object change{
        {"metadata", json::object{{"uid", of("uid")}, {"resourceVersion", of("resourceVersion")}}},
        {"spec", std::move(spec)}};
    co_await client_.patch(leases, key, std::move(change));
}

}  // namespace berth::control
