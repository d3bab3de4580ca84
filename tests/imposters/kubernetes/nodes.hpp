#pragma once

#include <map>
#include <string>
#include <vector>

#include "imposters/kubernetes/api_server.hpp"

namespace berth::imposter {

/// The cluster behind an API server: scheduler, three nodes, and the controllers that collect what has no
/// owner, empty namespaces and protect claims. It acts on the objects directly, in the clock's time.
///
/// A node that is lost says nothing more, and what runs on it goes on. Its pods are driven out, which they do
/// not hear: they stay until the node is known to be off. A volume is at one node at a time.
class Nodes {
  public:
    Nodes(asio::any_io_executor executor, Clock& clock, ApiServer& server, std::uint64_t seed);
    /// Ends everything, as `ApiServer::close`.
    void close() { tasks_.cancel(); }

    /// Ends a pod's program. False when it does not run.
    enum class End { exited, out_of_memory, evicted, evicted_without_a_word };
    bool end(const Where& pod, End how, int exit_code = 1);
    /// No more pods go there, and those that are there are asked to go, as by `kubectl drain`.
    void drain(const std::string& node);
    void lose(const std::string& node);
    /// It is off, and an administrator has said so: by its taint out-of-service, or by deleting it.
    void confirm_off(const std::string& node);
    /// Pods that run.
    int running() const { return static_cast<int>(processes_.size()); }
    /// What a connection from one pod to an address of another or of a service comes to: the name of an
    /// errno, or empty.
    std::string reach(const std::string& uid, const std::string& address, int port) const;
    /// What must never be: two pods of one component at once, or a volume at two nodes.
    const std::vector<std::string>& breaches() const { return breaches_; }

  private:
    struct Process {
        Time listens_at;
        Time reached_at;  ///< Then policies and service rules know it.
        std::string key;
    };
    void hear(const Change& change);
    Task<> drive_out(std::string node);
    std::vector<std::pair<Where, std::string>> pods_on(const std::string& node) const;
    bool attach(const json::value& pod);
    void detach(const std::string& uid);
    std::string pick_node(const Where& where);
    bool is_elsewhere(const std::string& claim, const std::string& node) const;
    void check_alone(const Where& where, const json::value& pod);
    Task<> live(Where where, std::string uid);
    Task<bool> find_node(Where where, std::string uid);
    Task<bool> get_image(Where where, std::string uid);
    Task<bool> mount(Where where, std::string uid);
    Task<> finish(Where where, std::string uid, int grace);
    Task<> collect(std::string owner);
    Task<> empty_namespace(std::string name);
    void release_claims(const std::string& namespace_);
    void bind_claims(const json::value& pod);
    std::string missing_claim(const json::value& pod) const;
    const json::value* find(const Where& where, const std::string& uid) const;
    bool has_owner(const std::string& uid) const;
    void say_waiting(const Where& where, const std::string& reason, const std::string& message);
    void say_scheduled(const Where& where, const std::string& trouble);
    const json::value* pod_at(const std::string& address) const;
    void say_disrupted(const Where& where, const std::string& reason, const std::string& message);
    std::unique_ptr<PortHandler> listen(const json::value& pod, int port);

    Clock& clock_;
    ApiServer& server_;
    Objects& objects_;
    Dice dice_;
    std::map<std::string, Process> processes_;  // By uid of the pod.
    std::vector<std::string> breaches_;
    std::set<std::string> closed_, lost_;  // Nodes.
    std::map<std::string, std::map<std::string, std::string>>
        attached_;  // By claim and uid of a pod: the node.
    int addresses_ = 0;
    TaskGroup tasks_;
};

}  // namespace berth::imposter
