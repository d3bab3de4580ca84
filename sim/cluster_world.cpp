#include "cluster_world.hpp"

#include "crds/definition.hpp"

namespace berth::sim {
namespace {

/// As `spec_of`; the first component has a port, which has to answer, and the last is started again when it
/// ends.
TemplateSpec served_spec_of(int components) {
    auto spec = spec_of(components);
    spec.components.front().ports = {{.name = "http", .port = 8080}};
    spec.components.front().readiness = Probe{.http = HttpProbe{.port = "http"}};
    spec.components.front().command = {{"serve"}};
    spec.components.back().restart = Restart::always;
    return spec;
}

}  // namespace

ClusterWorld::ClusterWorld(std::uint64_t seed, ClusterShape shape)
    : World(seed),
      server(io.get_executor(), clock, seed),
      nodes(io.get_executor(), clock, server, seed + 1),
      strangers(io.get_executor(), clock, server, seed + 2),
      routes(shape.routes),
      spread_(shape.spread) {
    if (shape.definitions == Definitions::installed)
        for (const auto& kind : {crds::templates, crds::sessions, crds::workspaces}) {
            const json::object notes{{crds::note_definitions, std::to_string(crds::definitions_number)}};
            const json::object about{{"name", std::string(kind.plural) + ".berth.dev"},
                                     {"annotations", notes}};
            server.objects.create("customresourcedefinitions", {{"metadata", about}});
        }
    if (shape.definitions == Definitions::installed)
        for (const auto& each : crds::policies()) {
            const bool binds = each.at("kind") == "ValidatingAdmissionPolicyBinding";
            server.objects.create(binds ? "validatingadmissionpolicybindings" : "validatingadmissionpolicies",
                                  each.as_object());
        }
    // As the chart makes them.
    for (const char* name : {home, gateway_home})
        server.objects.create("namespaces", {{"metadata", json::object{{"name", name}}}});
    const json::object port{{"name", "http"}, {"port", 80}};
    server.objects.create("services",
                          {{"metadata", json::object{{"name", "berth"}, {"namespace", gateway_home}}},
                           {"spec", json::object{{"ports", json::array{port}}}}});
    auto prepared = served_spec_of(1);
    prepared.components.front().init = prepared_spec().components.front().init;
    begin({served_spec_of(1), served_spec_of(2), prepared});
}

ClusterWorld::~ClusterWorld() {
    end();
    server.close();
    nodes.close();
    strangers.close();
    settle();
}

engine::Engine& ClusterWorld::begin_engine() {
    kube::Cluster cluster{.address = server.address(), .identity = {.token_file = server.token_file()}};
    engine::KubernetesOptions options{.cluster = std::move(cluster),
                                      .client = {.requests_max = requests_max},
                                      .instance = instance,
                                      .secret = SecretText("of this installation"),
                                      .namespace_ = home,
                                      .spread = spread_,
                                      .space_quota = spread_ != engine::kubernetes::Spread::shared,
                                      .init_program = init_program,
                                      .architecture = "amd64",
                                      .reach = engine::Reach::forward,
                                      .routes = {.kind = routes,
                                                 .service = {gateway_home, "berth"},
                                                 .parents = {{.namespace_ = "edge", .name = "public"}}},
                                      .seed = random()};
    engine_ = std::make_unique<engine::KubernetesEngine>(io.get_executor(), clock, std::move(options));
    starting_ = std::make_unique<TaskGroup>(io.get_executor());
    starting_->start("start", engine_->start());
    control::MirrorOptions mirror{.instance = instance,
                                  .namespace_ = home,
                                  .engine = engine_->name(),
                                  .url_of = [](const std::string& label) { return "http://" + label + "/"; },
                                  .looks_at_once = 2,
                                  .seed = random()};
    mirror_ = std::make_unique<control::Mirror>(*store, clock, engine_->client(), std::move(mirror),
                                                io.get_executor());
    starting_->start("mirror", mirror_->run());
    return *engine_;
}

void ClusterWorld::cut_off() {
    server.cut(pending_lands_ ? imposter::ApiServer::Pending::may_land
                              : imposter::ApiServer::Pending::is_dropped);
    crash_after_.reset();
}

void ClusterWorld::end_engine() {
    starting_->cancel();
    TaskGroup ending(io.get_executor());
    ending.start("stop", engine_->stop());
    settle();
    starting_.reset();
    mirror_.reset();
    most_in_flight_ = most_in_flight();
    engine_.reset();
    settle();
}

bool ClusterWorld::is_due() {
    return server.holding() || (crash_after_ && server.tally.answered >= *crash_after_);
}

void ClusterWorld::crash_at(int effective, Moment moment) {
    pending_lands_ = false;
    if (moment == Moment::before_answer)
        server.hold_at(server.tally.effective + effective);
    else
        crash_after_ = server.tally.answered + effective;
}

int ClusterWorld::most_in_flight() const {
    return engine_ ? std::max(most_in_flight_, engine_->client().most_in_flight()) : most_in_flight_;
}

}  // namespace berth::sim
