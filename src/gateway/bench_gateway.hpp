#pragma once

#include "gateway/gateway.hpp"

namespace berth::gateway {

struct BenchConfig {
    int port = 8080;
    int loops = 1;
    int routes = 10'000;       ///< Hosts `s0.apps.test` … that all lead to one upstream.
    int upstream_port = 8081;  ///< On 127.0.0.1.
};

/// A server and a gateway without store, engine and people: what is measured is the way of a request and
/// nothing else.
///
/// Every request with a `Berth-Token` header or our cookie is that of the owner of all routes.
class BenchGateway {
  public:
    explicit BenchGateway(BenchConfig config);
    ~BenchGateway();

    void start() { server_->start(); }
    int port() const { return server_->port(); }

  private:
    class Anybody;

    SystemClock clock_;
    RouteTable table_;
    std::unique_ptr<Anybody> anybody_;
    std::unique_ptr<Gateway> gateway_;
    std::unique_ptr<net::Server> server_;
};

}  // namespace berth::gateway
