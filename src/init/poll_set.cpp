#include "init/poll_set.hpp"

#include <algorithm>
#include <climits>

namespace berth::init {

void PollSet::wait() {
    int timeout = -1;
    if (wake_ != Time::max()) {
        // Rounded up, or the last millisecond would be spent asking again and again.
        const auto left = std::chrono::ceil<milliseconds>(wake_ - Clock::now()).count();
        timeout = static_cast<int>(std::clamp<decltype(left)>(left, 0, INT_MAX));
    }
    if (::poll(entries_.data(), count_, timeout) < 0) {
        // Interrupted: nothing happened, the next round asks again.
        for (std::size_t i = 0; i < count_; ++i) entries_[i].revents = 0;
    }
}

}  // namespace berth::init
