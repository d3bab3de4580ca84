#pragma once

#include <memory>
#include <string>

#include "kube/client.hpp"

namespace berth::control {

struct LeaseOptions {
    kube::Cluster cluster;
    kube::ClientOptions client;
    std::string namespace_;
    std::string name;
    std::string instance;  ///< Our mark: a Lease without it is somebody else's, and left alone.
    Duration every{std::chrono::minutes(5)};
};

/// Shows in a cluster which of several Berths acts: a Lease that people read and nobody decides by.
///
/// Written when the lead changes, and then rarely. That it cannot be written is told once in the log.
class Lease {
  public:
    Lease(LeaseOptions options, Clock& clock, asio::any_io_executor executor);
    ~Lease();

    /// Names `holder`, who leads since now in `epoch`, until cancelled.
    Task<> show(std::string holder, std::int64_t epoch);
    /// Closes connections, before the loop ends.
    void close() { client_.close_idle(); }

  private:
    /// Another has led since: the Lease is theirs to write.
    enum class Newer { is_replaced, stays };
    Task<> write(json::object spec, Newer newer);
    Task<> try_to_write(json::object spec);

    LeaseOptions options_;
    Clock& clock_;
    kube::Client client_;
    bool told_ = false;
};

}  // namespace berth::control
