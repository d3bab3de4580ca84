#pragma once

#include <deque>
#include <mutex>

#include "auth/auth.hpp"
#include "model/workload.hpp"
#include "store/store.hpp"

/// How changes reach open sockets: the store's change feed, fanned out to each client in its own measure.
namespace berth::api {

/// What one open socket hears of. Shared by the feed, which gives, and the socket's loop, which takes.
class Listener {
  public:
    /// `queue_max` 0: no events, only the end of its sign-in.
    Listener(auth::Identity identity, bool all, asio::any_io_executor executor, std::size_t queue_max);

    struct Heard {
        std::vector<Event> events;
        std::map<std::string, ObservedImage> images;  ///< Newest state of each that moved.
        bool missed = false;                          ///< The queue was full: events are gone.
    };
    /// Returns when there is something to hear; the end of the sign-in is not, `ended` tells it. On the
    /// executor of the socket.
    Task<Heard> hear();
    /// Returns when the sign-in behind the socket is no more; ignores everything else.
    Task<> ended();

    /// Whether this client may know of the event: the same judgement as the store's lists.
    bool may_see(const Event& event) const;

    // For the feed, on any thread.
    void give(const Event& event);
    void give(const std::string& image, const ObservedImage& state);
    void end();
    const auth::Identity& identity() const { return identity_; }

  private:
    bool something() const;
    void wake();

    const auth::Identity identity_;
    const bool all_;
    const std::size_t queue_max_;
    asio::any_io_executor executor_;
    std::shared_ptr<asio::steady_timer> moved_;  // Cancelled, on its executor, when something was given.
    std::mutex mutex_;
    Heard waiting_;
    bool ended_ = false;
};

/// Everybody who listens. Any thread; one subscription to the store for all.
class Feed : public std::enable_shared_from_this<Feed> {
  public:
    static std::shared_ptr<Feed> start(store::Store& store);

    /// Joins until the returned pointer is let go. Throws `too_many` (`too_many_sockets`) beyond
    /// `sockets_max` of a user.
    std::shared_ptr<Listener> join(auth::Identity identity, bool all, asio::any_io_executor executor,
                                   std::size_t queue_max, int sockets_max);
    void publish(const std::vector<Event>& events);
    void publish_image(const std::string& image, const ObservedImage& state);

  private:
    std::vector<std::shared_ptr<Listener>> everybody();

    std::mutex mutex_;
    std::vector<std::weak_ptr<Listener>> listeners_;
    std::shared_ptr<void> subscription_;
};

/// Whether the event ends the sign-in or token that `identity` came by: `user.logout` {login},
/// `user.tokenRevoked` {token}, or `user.updated` {active: false}.
bool ends(const Event& event, const auth::Identity& identity);

}  // namespace berth::api
