#pragma once

#include <memory>
#include <optional>

#include "engine/kubernetes/kubernetes_engine.hpp"
#include "imposters/kubernetes/nodes.hpp"
#include "imposters/kubernetes/strangers.hpp"
#include "operator/mirror/mirror.hpp"
#include "world.hpp"

namespace berth::sim {

/// What the cluster has, and what is wanted of the engine in it.
struct ClusterShape {
    /// Whether the cluster knows the custom resources: then rows and resources follow each other.
    enum class Definitions { absent, installed };
    Definitions definitions = Definitions::absent;
    engine::kubernetes::Spread spread = engine::kubernetes::Spread::shared;
    engine::kubernetes::RouteKind routes = engine::kubernetes::RouteKind::none;
};

/// A world on the Kubernetes engine, which speaks over real sockets to an imposter of an API server with a
/// cluster behind it. Each control plane has an engine of its own; the cluster outlives it.
class ClusterWorld final : public World {
  public:
    using Definitions = ClusterShape::Definitions;
    explicit ClusterWorld(std::uint64_t seed, ClusterShape shape = {});
    ~ClusterWorld() override;

    /// Kills the control plane around that effective write, counted from now: before its answer is heard, or
    /// after.
    enum class Moment { before_answer, after_answer };
    void crash_at(int effective, Moment moment);

    /// The engine of the control plane that is up.
    engine::KubernetesEngine& engine() { return *engine_; }
    /// The most requests that any engine so far had in flight.
    int most_in_flight() const;

    imposter::ApiServer server;
    imposter::Nodes nodes;
    imposter::Strangers strangers;

    static constexpr int requests_max = 3;
    static constexpr const char* instance = "5eed";
    static constexpr const char* home = "sessions";
    static constexpr const char* init_program = "berth-init";
    static constexpr const char* gateway_home = "berth";
    const engine::kubernetes::RouteKind routes;

  private:
    engine::Engine& begin_engine() override;
    void cut_off() override;
    void end_engine() override;
    bool is_due() override;

    engine::kubernetes::Spread spread_;
    std::unique_ptr<engine::KubernetesEngine> engine_;
    std::unique_ptr<control::Mirror> mirror_;
    std::unique_ptr<TaskGroup> starting_;
    std::optional<int> crash_after_;
    int most_in_flight_ = 0;
    bool pending_lands_ = true;
};

}  // namespace berth::sim
