#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "api/api.hpp"
#include "auth/auth.hpp"
#include "engine/sim/sim.hpp"
#include "operator/loop.hpp"
#include "store/store.hpp"

namespace berth::sim {

/// One control plane on a simulated engine, in virtual time, on one thread. The same seed does the same
/// things.
class World {
  public:
    World(std::uint64_t seed, engine::Faults faults);
    ~World();

    /// Lets that much time pass; everything that is due meanwhile happens in order.
    void pass(Duration length);
    /// Starts a request as that user; its answer is counted when it comes.
    void ask(const std::string& user, const std::string& method, const std::string& path,
             const std::string& body = {}, const std::string& idempotency_key = {});
    /// As `kill -9`: whatever the control plane was waiting for never comes back. What is stored stays.
    void crash();
    /// A successor on the same rows and the same engine.
    void restart();
    bool up() const { return loop_ != nullptr; }

    std::vector<Session> sessions();
    std::vector<Event> events();
    std::map<int, int> answers;  ///< How often each HTTP status came.

    VirtualClock clock;
    asio::io_context io{1};
    std::unique_ptr<store::Store> store;
    engine::SimEngine engine;
    std::mt19937_64 random;

  private:
    void add_people();
    void settle();

    std::map<std::string, std::string> tokens_;
    auth::Passwords passwords_;
    std::unique_ptr<api::Api> api_;
    std::unique_ptr<control::Loop> loop_;
    std::unique_ptr<TaskGroup> tasks_;
};

/// Names of the people in a world; each may have `running_max` sessions running.
inline const std::vector<std::string> people{"ada", "bert", "cleo"};
inline constexpr int running_max = 3;

}  // namespace berth::sim
