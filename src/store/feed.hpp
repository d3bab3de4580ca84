#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "store/store.hpp"

namespace berth::store {

/// Who hears of commits. Lives as long as its store or one of its subscriptions, whichever is longer.
class Feed : public std::enable_shared_from_this<Feed> {
  public:
    /// The listener is not called any more once the handle is gone; a call that runs then is waited for.
    std::shared_ptr<void> subscribe(Store::Listener listener);
    /// Calls every listener. One that throws is logged and stays.
    void publish(const std::vector<Event>& events);

  private:
    std::recursive_mutex mutex_;  // A listener may end its own subscription.
    std::map<std::uint64_t, std::shared_ptr<Store::Listener>> listeners_;
    std::uint64_t last_ = 0;
};

}  // namespace berth::store
