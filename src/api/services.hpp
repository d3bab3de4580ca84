#pragma once

#include <functional>
#include <map>
#include <optional>

#include "acts/activity.hpp"
#include "acts/user_files.hpp"
#include "api/call.hpp"
#include "api/feed.hpp"
#include "api/files.hpp"
#include "api/rate.hpp"
#include "auth/auth.hpp"
#include "base/metrics.hpp"
#include "engine/engine.hpp"
#include "store/store.hpp"

namespace berth::api {

/// What one client may ask of the API, each with a test.
struct Limits {
    std::size_t body_max = std::size_t{1} << 20;  ///< Bytes of a request's body.
    double requests_per_second = 50;    ///< Of one user (or one address that is not signed in), on average…
    double requests_at_once = 500;      ///< …and in a burst.
    int sockets_per_user = 64;          ///< WebSockets that one user has open.
    std::size_t events_waiting = 1000;  ///< Events that wait for one client before it has to resync.
};

/// What the API is given. References outlive it.
struct Dependencies {
    store::Store& store;
    Clock& clock;
    acts::Activity& activity;
    auth::Passwords& passwords;
    std::map<std::string, engine::Engine*> engines;  ///< By name; never null.
    std::string default_engine;                      ///< Where sessions start that say nothing else.
    auth::Origin origin;
    std::string version;
    asio::any_io_executor
        executor;  ///< The control loop: operations run here, whatever loop a request came on.
    const Files* files = nullptr;  ///< Null: no web interface.
    std::string holder;  ///< What this Berth is called where several are on the database; empty: alone.
    /// What seals and opens users' secrets and files.
    acts::Keyring keyring = {};
    acts::FileLimits file_limits = {};
    /// Why it should get no new requests, though what it gets is answered; absent: it is always ready. Any
    /// loop.
    std::function<std::optional<Error>()> not_ready = {};
    Metrics* metrics = nullptr;  ///< Null: its own.
    Limits limits;
};

/// What operations work with: the dependencies, and what lives as long as the API.
struct Services : Dependencies {
    explicit Services(Dependencies given);

    auth::Attempts attempts;
    std::shared_ptr<Feed> feed;
    Buckets buckets;
    Metrics own_metrics;
    bool store_answers = true;  ///< As `/readyz` last saw it: what stays as it was is not logged again.

    /// The engine of that name. Throws `unavailable` (`engine_unavailable`) when this Berth has none.
    engine::Engine& engine(const std::string& name) const;
    Time now() const { return clock.now(); }
};

}  // namespace berth::api
