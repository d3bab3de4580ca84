#pragma once

#include "auth/auth.hpp"
#include "gateway/pages.hpp"
#include "store/store.hpp"

namespace berth::gateway {

/// Who is asking, as far as waking goes.
enum class Asker {
    browser,     ///< Navigates: wakes, and gets a page that shows the steps.
    program,     ///< Wakes, and waits for the answer.
    background,  ///< A page's own fetch: wakes nothing.
};
Asker who_asks(const net::RequestHead& head);

/// Asks for stopped sessions to run again, on behalf of whoever came to their host.
class Waker {
  public:
    Waker(store::Store& store, Clock& clock, auth::Origin origin)
        : store_(store), clock_(clock), origin_(std::move(origin)) {}

    /// `retry`: also a session that failed starts again; otherwise its failure is shown.
    enum class Failed { stay, retry };

    /// Asks it to run, once however many ask: only a session that nobody wants running (or, on `retry`, that
    /// failed) gets a new incarnation. Gives what a page shows; nothing when the session has gone or is
    /// ending. A quota that leaves no room is in `refused`.
    Task<std::optional<WakeView>> wake(SessionId id, Failed failed);

  private:
    store::Store& store_;
    Clock& clock_;
    auth::Origin origin_;
};

}  // namespace berth::gateway
