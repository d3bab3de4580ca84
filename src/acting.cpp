#include "acting.hpp"

#include "engine/kubernetes/kubernetes_engine.hpp"

namespace berth {

std::unique_ptr<control::Mirror> make_mirror(store::Store& store, Clock& clock, engine::Engine& engine,
                                             const auth::Origin& origin, std::optional<std::int64_t> epoch,
                                             asio::any_io_executor executor) {
    auto* cluster = dynamic_cast<engine::KubernetesEngine*>(&engine);
    if (cluster == nullptr) return nullptr;
    control::MirrorOptions options{.instance = cluster->options().instance,
                                   .namespace_ = cluster->options().namespace_,
                                   .engine = cluster->name(),
                                   .url_of =
                                       [origin](const std::string& label) {
                                           return (origin.https ? "https://" : "http://") + label + "." +
                                                  origin.apps_domain + "/";
                                       },
                                   .epoch = epoch};
    return std::make_unique<control::Mirror>(store, clock, cluster->client(), std::move(options), executor);
}

Task<> act(control::Loop& loop, control::Resealer& resealer, control::Mirror* mirror, control::Lease* lease,
           std::string holder, std::optional<std::int64_t> epoch) {
    TaskGroup beside(co_await asio::this_coro::executor);
    beside.start("resealer", resealer.run());
    if (mirror != nullptr) beside.start("mirror", mirror->run());
    if (lease != nullptr && epoch) beside.start("lease", lease->show(std::move(holder), *epoch));
    std::exception_ptr failure;
    try {
        co_await loop.run();
    } catch (...) {
        failure = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    beside.cancel();
    co_await beside.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace berth
