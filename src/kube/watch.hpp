#pragma once

#include "kube/client.hpp"

namespace berth::kube {

/// Hears what is there of one kind, and what becomes of it.
///
/// Objects may come twice, late, or older than what was heard before: compare versions. What was deleted
/// while nobody watched is not told: it is not among what is seen between `listing` and `listed`.
class Follower {
  public:
    virtual ~Follower() = default;
    virtual void listing() = 0;
    virtual void seen(const json::value& object) = 0;
    virtual void gone(const json::value& object) = 0;
    /// `version`: of the list. What is newer than it was not meant.
    virtual void listed(const std::string& version) = 0;
    /// It cannot be followed just now; `listed` or `resumed` comes once it can again.
    virtual void lost(const Error& why) = 0;
    virtual void resumed() = 0;
};

struct WatchOptions {
    Resource resource;
    Selection selection;
    Detail detail = Detail::whole;
    int page = 500;                               ///< Objects of one page of a list, at most.
    Duration length{std::chrono::minutes(5)};     ///< Of one watch; a half more at random.
    Duration silence{std::chrono::seconds(150)};  ///< Bookmarks come each minute: this is a dead one.
    Duration retry_first{std::chrono::milliseconds(250)};
    Duration retry_longest{std::chrono::seconds(15)};
    std::uint64_t seed = 0;  ///< Of what is random above; 0: from the system.
};

/// Lists, then watches from there, until cancelled: goes on where a stream ended, and lists anew when the
/// server has forgotten that place (410). Never ends by itself.
///
/// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
Task<> follow(Client& client, Clock& clock, WatchOptions options, Follower& follower);

/// Takes lines out of a stream of bytes. Throws `internal` (`cluster_answer`) on one above 16 MiB.
class Lines {
  public:
    void feed(std::string_view bytes) { bytes_ += bytes; }
    std::optional<std::string> next();

  private:
    std::string bytes_;
    std::size_t looked_at_ = 0;
};

}  // namespace berth::kube
