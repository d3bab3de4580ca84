#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

/// An API server that a test tells how to behave, and the cluster behind it. For tests only.
namespace berth::imposter {

/// A request that is refused, in the form of a Status.
struct Refusal {
    int status = 500;
    std::string reason, message;
    std::string cause = {};
    std::optional<int> retry_after = {};
    json::object body() const;
};

/// Which object: `pods`, a namespace (empty for kinds that have none), a name.
struct Where {
    std::string plural, namespace_, name;
    auto operator<=>(const Where&) const = default;
};

/// One thing that became of an object, as watches tell it.
struct Change {
    std::uint64_t version = 0;
    std::string type;  ///< ADDED, MODIFIED, DELETED.
    Where where;
    json::value object;
    json::value before;  ///< Null when it was added.
};

using Told = std::shared_ptr<const Change>;

/// Which objects of a kind: `a=b,c`, `metadata.name=x`, as queries say it.
struct Selector {
    std::string namespace_, labels, fields;
    bool matches(const Where& where, const json::value& object) const;
};

/// What a request to delete says.
struct Deletion {
    std::string uid, version;
    std::optional<int> grace_seconds;
    bool orphan = false;
};

/// What an API server keeps: objects by name with versions that grow, and what became of them.
///
/// Names, labels and preconditions are checked as the real one does; what a kind needs to be valid is checked
/// only where a mistake of ours is thinkable. Throws `Refusal`.
class Objects {
  public:
    explicit Objects(Clock& clock) : clock_(clock) {}

    json::value create(const std::string& plural, json::object object);
    const json::value* find(const Where& where) const;
    /// `change` edits it; nothing is told when it changes nothing.
    json::value edit(const Where& where, const std::function<void(json::object&)>& change);
    /// The object on its way out, or as it was last. A pod on a node waits for that; finalizers hold it.
    json::value remove(const Where& where, const Deletion& deletion);
    /// It is gone now, whatever it waited for; when it still is that object.
    void erase(const Where& where, const std::string& uid);
    std::vector<std::pair<Where, json::value>> list(const std::string& plural,
                                                    const Selector& selector) const;
    const std::map<Where, json::value>& all() const { return objects_; }

    std::uint64_t version() const { return version_; }
    /// What happened after `version`, in order; nothing when that is forgotten.
    std::optional<std::vector<Told>> since(std::uint64_t version) const;
    /// Forgets what happened until now.
    void forget();
    /// Each of these hears of every change.
    std::vector<std::function<void(const Change&)>> listeners;
    /// Asked before a create; may throw `Refusal`.
    std::function<void(const Where&, const json::object&)> admit;

  private:
    void tell(std::string type, const Where& where, const json::value& object, json::value before);
    void settle_deletion(const Where& where);

    Clock& clock_;
    std::map<Where, json::value> objects_;
    std::deque<Told> history_;
    std::uint64_t version_ = 90;  // So that numbers get longer early.
    std::uint64_t forgotten_ = 0;
    std::uint64_t uids_ = 0;
};

/// Whether they are custom resources: with generations, a status apart, and only while they are defined.
bool is_custom(const std::string& plural);
/// `Pod` for `pods`.
std::string kind_of(const std::string& plural);
/// As whoever asks for metadata only gets it.
json::value only_metadata(const json::value& object);
/// The text at `a.b`, or empty.
std::string text_at(const json::value& object, std::initializer_list<std::string_view> path);
const json::value* value_at(const json::value& object, std::initializer_list<std::string_view> path);
/// The label, or empty.
std::string label_of(const json::value& object, std::string_view name);
/// RFC 7386.
void merge(json::object& into, const json::object& patch);

}  // namespace berth::imposter
