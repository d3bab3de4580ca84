#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "container/client.hpp"
#include "engine/engine.hpp"

namespace berth::engine {

/// An image of the starter catalog: it is built here, not pulled.
struct Build {
    std::string reference;  ///< `localhost/berth/terminal:1`
    std::string directory;  ///< With its Containerfile.
};

/// How images are built: by whose program, seeing which engine.
struct Builder {
    std::string program = "podman";          ///< or `docker`
    std::map<std::string, std::string> env;  ///< What it needs to see our engine.
    std::string
        base;  ///< What the starter images are built on; empty: ours, else Debian's from its registry.
};

/// The hash of a build context: names, modes and bytes of its files. Throws `internal` when it cannot be
/// read.
std::string hash_context(const std::string& directory);

/// The arguments of one build.
std::vector<std::string> build_arguments(const Builder& builder, const Build& build, const std::string& base,
                                         const std::string& authorities, const std::string& hash);

/// `STEP 3/7: RUN …` (Podman) or `#8 [3/7] RUN …` and `Step 3/7 : RUN …` (Docker): which step of how many.
std::optional<std::pair<int, int>> read_build_step(std::string_view line);

/// What a pull that goes on says: layers done of layers known, and bytes where the engine tells them.
class PullProgress {
  public:
    void hear(const container::PullStep& step);
    std::string message() const;
    std::optional<double> share() const;

  private:
    struct Layer {
        std::int64_t done = 0, total = 0;
        bool complete = false;
    };
    std::map<std::string, Layer> layers_;
};

/// Gets images, each at most once at a time, and remembers what came of it. All calls from one loop.
class Images {
  public:
    Images(asio::any_io_executor executor, container::Client& client, Clock& clock,
           std::vector<Build> builds);

    void set_builder(Builder builder) { builder_ = std::move(builder); }
    void watch(std::function<void(const std::string&, const ObservedImage&)> changed) {
        changed_ = std::move(changed);
    }

    /// The image as it is here; nothing when it is not, or when it was built from another context.
    Task<std::optional<container::ImageDetails>> resolve(std::string reference);
    /// Starts to get it unless it is here, on its way, or was missing a short while ago.
    Task<> prepare(std::string reference);
    ObservedImage state(const std::string& reference) const;
    /// It was here and is not any more.
    void forget(const std::string& reference);

    void cancel() { jobs_.cancel(); }
    Task<> join() { return jobs_.join(); }

  private:
    const Build* find_build(const std::string& reference) const;
    void tell(const std::string& reference, ObservedImage state);
    Task<> pull(std::string reference);
    Task<> build_all();
    Task<> build(Build build);
    Task<> finish(std::string reference, std::optional<Error> failure);

    container::Client& client_;
    Clock& clock_;
    std::vector<Build> builds_;
    Builder builder_;
    std::map<std::string, ObservedImage> states_;
    std::set<std::string> wanted_builds_;
    bool building_ = false;
    std::function<void(const std::string&, const ObservedImage&)> changed_;
    TaskGroup jobs_;
};

}  // namespace berth::engine
