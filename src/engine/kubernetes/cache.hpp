#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "engine/kubernetes/seen.hpp"
#include "kube/watch.hpp"

namespace berth::engine::kubernetes {

/// The objects of one kind that are ours, as last heard of: by a list, a watch, or the answer to a write.
///
/// Of two versions of one object the later stays, whichever is heard first; what is gone does not come back
/// by a late word of it.
template <class Seen>
class Shelf final : public kube::Follower {
  public:
    using Read = Seen (*)(const json::value&);
    /// `moved` hears of each object that came, changed or went; `state` of what following came to.
    Shelf(Read read, std::function<void(const SeenObject&)> moved,
          std::function<void(const std::optional<Error>&)> state)
        : read_(read), moved_(std::move(moved)), state_(std::move(state)) {}

    const Seen* find(const kube::Key& key) const {
        const auto found = things_.find(key);
        return found == things_.end() ? nullptr : &found->second;
    }
    /// Those of one workload, by key.
    std::vector<const Seen*> of(const WorkloadId& id) const {
        std::vector<const Seen*> list;
        if (const auto keys = workloads_.find(id); keys != workloads_.end())
            for (const auto& key : keys->second) list.push_back(&things_.at(key));
        return list;
    }
    /// Those of one namespace, by key.
    std::vector<const SeenObject*> in(const std::string& namespace_) const {
        std::vector<const SeenObject*> list;
        for (auto thing = things_.lower_bound({namespace_, {}});
             thing != things_.end() && thing->first.namespace_ == namespace_; ++thing)
            list.push_back(&object_of(thing->second));
        return list;
    }
    /// That name in whatever namespace; nullptr: in none.
    const Seen* find_anywhere(const std::string& name) const {
        for (const auto& [key, thing] : things_)
            if (key.name == name) return &thing;
        return nullptr;
    }
    const std::map<WorkloadId, std::set<kube::Key>>& workloads() const { return workloads_; }
    std::size_t size() const { return things_.size(); }
    bool complete() const { return complete_; }

    void seen(const json::value& tree) override { take(read_(tree)); }
    void take(Seen thing) {
        const auto& object = object_of(thing);
        if (buried(object)) return;
        const auto known = things_.find(object.key);
        std::optional<SeenObject> replaced;
        if (known != things_.end()) {
            const auto& before = object_of(known->second);
            if (before.uid == object.uid && !kube::is_older(before.version, object.version)) {
                touch(object.key);
                return;
            }
            if (before.uid != object.uid && kube::is_older(object.version, before.version)) return;
            if (before.uid != object.uid) replaced = before;
            forget(known);
        }
        touch(object.key);
        workloads_[object.workload].insert(object.key);
        const auto copy = object;
        things_.insert_or_assign(copy.key, std::move(thing));
        if (replaced) moved_(*replaced);
        moved_(copy);
    }
    /// It is gone, or no longer marked as ours: whoever takes the mark away may give it back.
    void gone(const json::value& tree) override {
        const auto thing = read_(tree);
        gone(object_of(thing), object_of(thing).version);
    }
    /// That object is gone for good, whatever is heard of it later. `as_of`: but for what is newer than that.
    void gone(const SeenObject& object, const std::string& as_of = {}) {
        bury(object.uid, as_of);
        const auto known = things_.find(object.key);
        if (known == things_.end() || object_of(known->second).uid != object.uid) return;
        const auto copy = object_of(known->second);
        forget(known);
        moved_(copy);
    }

    void listing() override {
        touched_.clear();
        listing_ = true;
    }
    void listed(const std::string& version) override {
        std::vector<SeenObject> lost;
        for (const auto& [key, thing] : things_)
            if (!touched_.contains(key) && kube::is_older(object_of(thing).version, version))
                lost.push_back(object_of(thing));
        for (const auto& object : lost) gone(object, version);
        touched_.clear();
        listing_ = false;
        complete_ = true;
        state_(std::nullopt);
    }
    void lost(const Error& why) override { state_(why); }
    void resumed() override {
        if (complete_) state_(std::nullopt);
    }

    static const SeenObject& object_of(Seen&&) = delete;  // What it returns would not outlive the argument.
    static const SeenObject& object_of(const Seen& thing) {
        if constexpr (std::is_same_v<Seen, SeenObject>)
            return thing;
        else
            return thing.object;
    }

    /// Keys of what was heard of since a list began; for tests.
    std::size_t touched() const { return touched_.size(); }

  private:
    void touch(const kube::Key& key) {
        if (listing_) touched_.insert(key);
    }
    void forget(typename std::map<kube::Key, Seen>::iterator known) {
        const auto& object = object_of(known->second);
        if (const auto keys = workloads_.find(object.workload); keys != workloads_.end()) {
            keys->second.erase(object.key);
            if (keys->second.empty()) workloads_.erase(keys);
        }
        things_.erase(known);
    }
    bool buried(const SeenObject& object) const {
        const auto grave = graves_.find(object.uid);
        return grave != graves_.end() &&
               (grave->second.empty() || !kube::is_older(grave->second, object.version));
    }
    void bury(const std::string& uid, const std::string& as_of) {
        constexpr std::size_t graves_max = 4096;
        if (!graves_.insert_or_assign(uid, as_of).second) return;
        order_.push_back(uid);
        if (order_.size() <= graves_max) return;
        graves_.erase(order_.front());
        order_.pop_front();
    }

    Read read_;
    std::function<void(const SeenObject&)> moved_;
    std::function<void(const std::optional<Error>&)> state_;
    std::map<kube::Key, Seen> things_;
    std::map<WorkloadId, std::set<kube::Key>> workloads_;
    std::set<kube::Key> touched_;                // From `listing` to `listed`.
    std::map<std::string, std::string> graves_;  // By uid, as of which version; empty: for good.
    std::deque<std::string> order_;
    bool listing_ = false;
    bool complete_ = false;
};

}  // namespace berth::engine::kubernetes
