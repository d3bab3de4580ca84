#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "container/answer.hpp"
#include "container/event.hpp"
#include "container/types.hpp"
#include "net/http_client.hpp"

namespace berth::container {

/// Speaks the Docker Engine API to one engine. Safe from any loop; every call has a deadline.
///
/// A refusal is thrown in the engine's own words (`refusal.hpp`); an engine that cannot be reached or does
/// not answer in time is `unavailable` (`engine_unavailable`).
class Client {
  public:
    Client(net::Address address, Clock& clock);

    /// Closes kept connections, before the loops that made them end.
    void close_idle() { http_.close_idle(); }

    /// Who answers. Settles the version of the API that later calls use: the newest that both sides know.
    Task<Version> version();
    Task<SystemReport> info();

    /// The new container's id.
    Task<std::string> create(ContainerSpec spec);
    /// Running already is fine.
    Task<> start(std::string id);
    /// Asks politely and kills after `grace`. Stopped already is fine; takes as long as it takes.
    Task<> stop(std::string id, Duration grace);
    /// Both may be said of a container that is so already.
    Task<> pause(std::string id);
    Task<> unpause(std::string id);
    /// Never its volumes. Gone already is fine.
    Task<> remove(std::string id, bool force);
    Task<std::optional<ContainerDetails>> inspect(std::string id_or_name);
    Task<std::vector<ContainerSummary>> list(Labels labels);
    /// Gives each line to `take` until there are no more or it returns false.
    Task<> logs(std::string id, LogOptions options, std::function<Task<bool>(LogLine)> take);
    Task<Stats> stats(std::string id);

    Task<> create_network(NetworkSpec spec);
    Task<std::optional<NetworkDetails>> inspect_network(std::string name);
    Task<std::vector<NetworkDetails>> list_networks(Labels labels);
    /// Gone already is fine.
    Task<> remove_network(std::string name);

    /// Makes it, or finds the one of that name, whoever made it.
    Task<VolumeDetails> create_volume(VolumeSpec spec);
    Task<std::optional<VolumeDetails>> inspect_volume(std::string name);
    Task<std::vector<VolumeDetails>> list_volumes(Labels labels);
    /// Gone already is fine; in use is `conflict`.
    Task<> remove_volume(std::string name);

    Task<std::optional<ImageDetails>> inspect_image(std::string reference);
    /// Fetches from its registry; `progress` hears of each step.
    Task<> pull(std::string reference, std::function<void(const PullStep&)> progress);
    /// Makes the image `repository:latest` of one layer from a tar archive. (Podman 4.3 heeds no other tag.)
    Task<> import_image(std::string archive, std::string repository);
    Task<> remove_image(std::string reference);

    /// Gives events of things with these labels, and of images, until the engine closes the stream.
    /// `opened` is called once it listens. `since`: nanoseconds since the epoch, 0 for now.
    Task<> events(std::string filters, std::int64_t since, std::function<void()> opened,
                  std::function<void(const Event&)> heard);

  private:
    Task<json::value> call(std::string method, std::string path, std::string body, Duration limit);
    Task<std::optional<json::value>> find(std::string path);
    Task<std::unique_ptr<net::ByteStream>> open(net::CallRequest request, Duration limit);
    std::string target(std::string_view path) const;

    Clock& clock_;
    net::HttpClient http_;
    std::atomic<int> minor_{0};  ///< Of API version 1.x; 0 before it is known.
};

}  // namespace berth::container
