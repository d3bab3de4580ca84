#include "engine/http_get.hpp"

#include "net/http_call.hpp"

namespace berth::engine {

Task<HttpAnswer> http_get(Engine& engine, WorkloadId id, std::string component, int port, std::string target,
                          std::size_t body_max) {
    auto stream = co_await engine.dial(std::move(id), std::move(component), port);
    net::CallRequest request{.target = std::move(target),
                             .headers = {{"User-Agent", "berth-probe"}, {"Accept", "application/json"}}};
    auto answer = co_await net::call_on(std::move(stream), std::move(request), body_max);
    co_return HttpAnswer{answer.status, std::move(answer.body)};
}

}  // namespace berth::engine
