#pragma once

#include "imposters/kubernetes/api_server.hpp"

namespace berth::imposter {

/// Other people with rights in our namespace, and what they do there behind our back.
///
/// They delete and edit what is ours (with the grace that the object asks for, never by force), take a label
/// away and give it back, delete the namespace, set a quota, and have objects of their own, some under the
/// very names that we need. Custom resources are how people speak to us, so they leave those alone. What they
/// do to claims is a deletion of a person's data: ask for it separately.
class Strangers {
  public:
    Strangers(asio::any_io_executor executor, Clock& clock, ApiServer& server, std::uint64_t seed);
    void close() { tasks_.cancel(); }

    void delete_something();
    /// One that no pod uses: one in use stays until the last pod has gone, and holds up any other meanwhile.
    void delete_claim();
    void edit_something();
    void open_up(const Where& where);
    void delete_namespace(const std::string& name);
    /// No more than that many pods in all; nothing: no limit.
    void limit_pods(std::optional<int> most) { pods_max_ = most; }
    /// Per ConfigMap of ours that comes or goes: the next name that we need is taken.
    double takes_names = 0;

    /// Takes the name for an object of theirs.
    void put(const Where& where);
    /// Their objects that are not as they left them.
    std::vector<std::string> wronged() const;
    /// They clear away what is theirs, and every label is where it was.
    void leave();

  private:
    void hear(const Change& change);
    void admit(const Where& where) const;
    std::optional<Where> some_of_ours(bool claims);
    Task<> borrow_label(Where where, std::string uid);

    Clock& clock_;
    Objects& objects_;
    Dice dice_;
    std::map<Where, std::string> theirs_;  // With the version they left.
    std::optional<int> pods_max_;
    TaskGroup tasks_;
};

}  // namespace berth::imposter
