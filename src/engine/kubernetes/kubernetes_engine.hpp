#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "engine/delivery.hpp"
#include "engine/engine.hpp"
#include "engine/init_client.hpp"
#include "engine/init_door.hpp"
#include "engine/kubernetes/cache.hpp"
#include "engine/kubernetes/forward.hpp"
#include "engine/kubernetes/render.hpp"
#include "engine/kubernetes/routes.hpp"
#include "kube/client.hpp"

namespace berth::engine {

/// How we come to a port of a pod.
enum class Reach {
    automatic,  ///< Directly from inside the cluster, else through the API server.
    direct,     ///< To the pod's address.
    forward,    ///< Through the API server and the pod's node.
};

/// Whether pods of profile strict are in a user namespace of their own.
enum class UserNamespaces {
    off,
    automatic,  ///< When every node says that it can.
    on,
};

/// What the engine needs to know of the cluster and this Berth.
struct KubernetesOptions {
    std::string name = "kubernetes";
    kube::Cluster cluster;
    kube::ClientOptions client;
    std::string instance;  ///< Short hex; on every label.
    SecretText secret;     ///< Of this installation: what keys of workloads follow from.
    /// Of the sessions' objects; made when it is missing. Where each owner or part has one, what they begin
    /// with.
    std::string namespace_;
    kubernetes::Spread spread = kubernetes::Spread::shared;
    std::string pod_security = "restricted";  ///< What namespaces that we make enforce.
    bool space_quota = false;                 ///< Namespaces of one space say what its owner may take.
    std::string init_program;                 ///< The bytes of berth-init.
    std::string architecture;                 ///< That it runs on, as nodes say it: `amd64`.
    std::string storage_class;
    std::map<std::string, std::string> storage_classes;  ///< By the kind of a volume.
    std::string gpu_resource = "nvidia.com/gpu";
    UserNamespaces user_namespaces = UserNamespaces::off;
    std::vector<std::string> pull_secrets;
    std::vector<std::string> open_ranges;    ///< Of those that are closed, what an admin opens; with ports.
    std::vector<std::string> closed_ranges;  ///< Further ones, as of the cluster's own pods and services.
    std::vector<std::string> dns_ranges;     ///< Who answers names besides the cluster's usual pods.
    std::optional<kubernetes::Peers> gateway;
    json::object pod_overlay;                          ///< Merged into every pod.
    std::map<std::string, json::object> pod_overlays;  ///< Then into those of a kind.
    int overcommit = 1;
    Reach reach = Reach::automatic;
    /// What `examine` tries besides: what others need of the cluster.
    std::vector<std::function<Task<Check>(kube::Client&)>> checks;
    kubernetes::RouteOptions routes;
    MaterialSource materials = {};  ///< Empty: there is nothing secret.
    std::uint64_t seed = 0;         ///< Of pauses between tries; 0: from the system.
};

/// Workloads as Pods and their companions in a cluster.
///
/// What it makes carries the label `berth.dev/instance`, and nothing without it is ever changed. Every write
/// is a create under a name that is a lock, or names the uid of what it ends. The executor is the control
/// loop's and runs one handler at a time.
class KubernetesEngine final : public Engine {
  public:
    KubernetesEngine(asio::any_io_executor executor, Clock& clock, KubernetesOptions options);
    ~KubernetesEngine() override;

    std::string name() const override { return options_.name; }
    Task<> start() override;
    Task<> stop() override;
    Task<> tend() override;
    Task<Observed> observe(WorkloadId id) override;
    Task<std::vector<WorkloadId>> list() override;
    Task<std::vector<Thing>> inventory(std::vector<WorkloadId> known) override;
    Task<> apply(WorkloadId id, Changes changes) override;
    void watch(std::function<void(WorkloadId)> moved) override { moved_ = std::move(moved); }
    std::optional<std::string> down_because() const override { return down_; }
    Task<Stream> dial(WorkloadId id, std::string component, int port) override;
    Task<std::unique_ptr<Process>> terminal(WorkloadId id, TerminalRequest request) override;
    Task<std::unique_ptr<Process>> exec(WorkloadId id, ExecRequest request) override;
    Task<> logs(WorkloadId id, LogRequest request, std::function<Task<bool>(LogLine)> take) override;
    Task<Usage> usage(WorkloadId id) override;
    bool has_gpus() const override { return true; }
    bool leads_hosts() const override;
    Task<std::optional<Image>> resolve_image(std::string reference) override;
    Task<> prepare_image(std::string reference) override;
    ObservedImage image_state(const std::string& reference) const override;
    void watch_images(std::function<void(const std::string&, const ObservedImage&)> changed) override;
    Task<> remove_volume(std::string handle) override;
    Task<std::vector<Check>> examine() override;

    /// Removes everything of this instance but claims; those only when asked.
    enum class Volumes { keep, remove };
    Task<> purge(Volumes volumes);

    kube::Client& client() { return client_; }
    const KubernetesOptions& options() const { return options_; }

  private:
    using SeenObject = kubernetes::SeenObject;
    using SeenPod = kubernetes::SeenPod;
    using SeenService = kubernetes::SeenService;
    using SeenConfigMap = kubernetes::SeenConfigMap;
    using SeenRoute = kubernetes::SeenRoute;
    /// Readiness of one pod, judged by a job.
    struct Readiness {
        bool answers = false;  ///< Its own probe has succeeded.
        bool ready = false;    ///< And the others of its workload are reached and reach it.
        bool wanted = true;
        std::string message;
        std::optional<DeliveryState> came;  ///< Of one that is bound late, once its process 1 has said it.
        bool asked = false;                 ///< Since anything was brought to it.
    };
    /// Where the process 1 of a component listens.
    struct Place1 {
        kube::Key pod;
        std::string address;
    };

    // kubernetes_engine.cpp
    Task<> prepare();
    Task<> prepare_namespace();
    Task<> prepare_init(std::string home);
    void set_ranges();
    Task<> learn_server();
    Task<std::set<std::string>> resolve(std::string host);
    Task<std::vector<std::string>> find_endpoints();
    Task<> learn_platform();
    Task<> learn_user_namespaces();
    Task<> require_baseline(std::string home, WorkloadComponent component);
    Task<bool> create_if_missing(kube::Resource resource, json::object object);
    template <class Seen>
    void follow(kube::Resource resource, kube::Detail detail, kubernetes::Shelf<Seen>& shelf,
                const std::string& namespace_);
    template <class Seen>
    std::unique_ptr<kubernetes::Shelf<Seen>> make_shelf(const char* what, Seen (*read)(const json::value&));
    void note(const char* what, const std::optional<Error>& failure);
    void require_up() const;

    // homes.cpp
    class Stay;
    std::shared_ptr<Stay> stay_in(const std::string& home);
    /// The namespace of a workload; empty: there is nothing of it. From any loop.
    std::string home_of(const WorkloadId& id) const;
    kubernetes::Place place_in(const std::string& home) const;
    void note_home(const SeenObject& object);
    Task<std::string> enter_home(WorkloadId id, CreateNetwork change);
    Task<> prepare_home(std::string home);
    Task<> limit_home(std::string home, Allowance allowance);
    Task<> put(kube::Resource resource, json::object object);
    Task<> bring_pull_secrets(std::string home, WorkloadComponent component);
    Task<> remove_copy(SeenObject copy);
    bool has_init(const std::string& home) const;
    void note_perhaps_empty(const std::string& home);
    /// The claim of that name, wherever it is; nullptr: there is none.
    const SeenObject* find_claim(const std::string& handle) const;
    Task<Error> explain_ending(std::string home, Error error);

    // tend.cpp
    class Leaving;
    bool is_lived_in(const std::string& home) const;
    Task<std::string> find_keeper(std::string home);
    Task<> leave_home(std::string home);
    Task<> remove_old_inits();

    // observe.cpp
    void moved(const SeenObject& object);
    void forget_pod(const std::string& uid);
    Task<> look_directly(WorkloadId id);
    Observed report(const WorkloadId& id);
    bool is_current(const SeenObject& policy) const {
        return !policy.edited && rules_.contains(policy.rules);
    }
    bool has_network(const WorkloadId& id) const;
    void probe_where_needed(const WorkloadId& id);
    Task<> probe(WorkloadId id, SeenPod pod, std::shared_ptr<Readiness> readiness);
    void say(const WorkloadId& id, Readiness& readiness, const std::string& problem);
    Task<> keep_last_words(SeenPod pod);

    // deliver.cpp
    Task<> ask_what_came(WorkloadId id, SeenPod pod, std::shared_ptr<Readiness> readiness);
    void add_what_came(const SeenPod& pod, ObservedComponent& component) const;
    bool runs(const WorkloadId& id, const std::string& uid) const;
    void judge_anew(const WorkloadId& id, const std::string& uid);

    // explain.cpp
    /// Of a pod that keeps somebody waiting.
    struct Explanation {
        Time since;
        std::optional<Time> asked_at;
        std::string words;
    };
    bool wants_explanation(const SeenPod& pod);
    Task<> explain(SeenPod pod);
    Task<std::string> find_words(SeenPod pod);
    void add_words(const SeenPod& pod, ObservedComponent& component) const;
    void judge_node(const SeenPod& pod, Observed& observed);

    // meet.cpp
    static constexpr Duration probe_first{5}, probe_most{250};  ///< Pauses between two tries.
    struct Peer;
    std::vector<Peer> answering(const WorkloadId& id) const;
    Task<> meet(WorkloadId id, std::string uid, std::shared_ptr<Readiness> readiness);
    Task<std::optional<std::string>> find_gap(WorkloadId id, Peer one, Peer other);
    Task<std::optional<std::string>> reach(WorkloadId id, Peer from, Peer to);

    // apply.cpp
    /// Side by side; throws what failed first, after all have ended.
    Task<> make_all(WorkloadId id, Changes changes);
    Task<> make(WorkloadId id, CreateNetwork change);
    Task<> make(WorkloadId id, CreateVolume change);
    Task<> make(WorkloadId id, StartComponent change);
    Task<> make(WorkloadId id, BindComponent change);
    Task<> make(WorkloadId id, UpdateFiles change);
    Task<> make(WorkloadId id, StopComponent change);
    Task<> make(WorkloadId, FreezeComponent) { co_return; }  // A pod cannot be frozen, and says so.
    Task<> make(WorkloadId, ThawComponent) { co_return; }
    Task<> make(WorkloadId id, RemoveComponent change);
    Task<> make(WorkloadId id, RemoveNetwork change);
    Task<> make(WorkloadId id, PublishHosts change);
    Task<> make(WorkloadId id, WithdrawHosts change);
    Task<> make(WorkloadId id, PrepareImage change);
    /// Creates it; what is there already is given back when it is this workload's and belongs to `owner`.
    Task<json::value> create(WorkloadId id, kube::Resource resource, json::object object, std::string owner);
    /// What somebody changed, as we made it.
    Task<json::value> put_back(WorkloadId id, kube::Resource resource, json::object object);
    /// One create; a namespace that has gone is made again.
    Task<json::value> create_once(kube::Resource resource, json::object object);
    Task<> remove_pod(WorkloadId id, const std::string& uid, std::optional<int> grace);

    // routes.cpp
    std::optional<std::vector<std::string>> hosts_led(const WorkloadId& id) const;
    void add_route_condition(const WorkloadId& id, Observed& observed) const;
    Task<> remove_route(SeenObject object);

    // inventory.cpp
    Task<std::vector<json::value>> list_all(kube::Resource resource, kube::Selection selection,
                                            kube::Detail detail);
    Task<std::vector<json::value>> read_homes();

    // examine.cpp
    Task<Check> check_answers();
    Task<Check> check_namespace();
    Task<Check> check_homes();
    Task<Check> check_storage();

    // reach.cpp
    InitClient init_of(const WorkloadId& id, const std::string& component) const;
    SecretText key_of(const WorkloadId& id) const;

    asio::any_io_executor executor_;
    Clock& clock_;
    KubernetesOptions options_;
    kube::Client client_;
    kubernetes::Place place_;
    std::function<void(WorkloadId)> moved_;
    std::function<void(const std::string&, const ObservedImage&)> images_moved_;
    std::optional<std::string> down_ = "not started yet";
    std::map<std::string, std::string> lost_;  ///< Kinds that cannot be followed, and why.
    std::unique_ptr<kubernetes::Shelf<SeenPod>> pods_;
    std::unique_ptr<kubernetes::Shelf<SeenService>> services_;
    std::unique_ptr<kubernetes::Shelf<SeenConfigMap>> config_maps_;
    std::unique_ptr<kubernetes::Shelf<SeenObject>> secrets_, policies_, claims_;
    std::unique_ptr<kubernetes::Shelf<SeenRoute>> routes_;       ///< Null: hosts are nobody's here to lead.
    std::map<WorkloadId, std::set<std::string>> asked_volumes_;  ///< Handles, whoever made them.
    std::set<WorkloadId> unsure_;  ///< Of which the outcome of a write is not known.
    std::map<std::pair<std::string_view, kube::Key>, Time> put_back_at_;  ///< By kind and name.
    std::map<std::string, std::shared_ptr<Readiness>> readiness_;         ///< By uid of the pod.
    std::map<std::string, std::vector<std::string>> last_words_;          ///< By uid of an exited pod.
    std::map<std::string, Explanation> explanations_;                     ///< By uid of a pod.
    std::map<WorkloadId, std::pair<Time, std::uint64_t>> cpu_;            ///< As looked at last.
    std::map<std::string, Time> ending_since_;                            ///< By uid of a pod.
    mutable std::mutex places_mutex_;                                     // Any loop dials.
    std::map<std::pair<WorkloadId, std::string>, Place1> places_;
    std::map<WorkloadId, std::string> homes_;  // Namespaces; also under the mutex.
    std::map<std::string, Space> spaces_;      // By namespace, of those that were entered.
    std::map<std::string, Allowance> limited_;
    std::map<std::string, std::string> inits_;  // By namespace: the uid of the one that was found to be ours.
    std::set<std::string> rules_;               // That policies have now.
    std::map<std::string, int> stays_;          // Namespaces that somebody is putting something into.
    std::set<std::string> leaving_;             // Namespaces that are just being removed.
    std::set<std::string> perhaps_empty_;       // Namespaces to look at.
    bool homes_known_ = false;                  // To `tend`: of all it was asked whether they are empty.
    std::unique_ptr<kubernetes::Forwards> forwards_;
    TaskGroup tasks_;
};

}  // namespace berth::engine
