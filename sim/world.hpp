#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "acts/activity.hpp"
#include "api/api.hpp"
#include "auth/auth.hpp"
#include "engine/sim/sim.hpp"
#include "operator/loop.hpp"
#include "store/store.hpp"

namespace berth::sim {

/// A clock that somebody sets, while time goes on as it does.
class SetClock final : public Clock {
  public:
    explicit SetClock(VirtualClock& time) : time_(time) {}
    Time now() const override { return time_.now() + set_; }
    Task<> sleep_until(Time when) override { return time_.sleep_until(when - set_); }
    void set(Duration by) { set_ += by; }

  private:
    VirtualClock& time_;
    Duration set_{};
};

/// One control plane in virtual time, on one thread. What its sessions run on, a kind of world adds. The same
/// seed does the same things.
class World {
  public:
    virtual ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// Lets that much time pass; everything that is due meanwhile happens in order.
    void pass(Duration length);
    /// Starts a request as that user; its answer is counted when it comes.
    void ask(const std::string& user, const std::string& method, const std::string& path,
             const std::string& body = {}, const std::string& idempotency_key = {});
    /// Somebody does something in a session, as a gateway or a terminal sees it.
    void use(const SessionId& session, std::string_view source = "terminal");
    /// As `kill -9`: whatever the control plane was waiting for never comes back. What is stored stays.
    void crash();
    /// A successor on the same rows and what runs.
    void restart();
    bool up() const { return loop_ != nullptr; }

    /// What an administrator does to the rows, as `acts` does it.
    void change(const std::function<void(store::Tx&)>& work);

    std::vector<Session> sessions();
    std::vector<Event> events();
    std::map<int, int> answers;  ///< How often each HTTP status came.

    VirtualClock clock;
    SetClock wall{clock};  ///< What the control plane and what runs go by.
    asio::io_context io{1};
    std::unique_ptr<store::Store> store;
    std::mt19937_64 random;

  protected:
    explicit World(std::uint64_t seed);
    /// Adds the people and starts the first control plane: the last thing a constructor does.
    void begin(const std::vector<TemplateSpec>& templates);
    /// Ends the control plane, if there is one: the first thing a destructor does.
    void end();
    /// The engine of a control plane that begins.
    virtual engine::Engine& begin_engine() = 0;
    /// From now on nothing of the control plane reaches what runs.
    virtual void cut_off() {}
    /// The control plane has been killed, and what of it was in the engine with it.
    virtual void end_engine() {}
    /// Whether the control plane is to be killed just now.
    virtual bool is_due() { return false; }
    void settle();

  private:
    void add_people(const std::vector<TemplateSpec>& templates);

    int runs_ = 0;
    std::map<std::string, std::string> tokens_;
    auth::Passwords passwords_;
    std::unique_ptr<acts::Activity> activity_;
    std::unique_ptr<api::Api> api_;
    std::unique_ptr<control::Loop> loop_;
    std::unique_ptr<TaskGroup> tasks_;
};

/// A world on the simulated engine.
class SimWorld : public World {
  public:
    SimWorld(std::uint64_t seed, engine::Faults faults, std::vector<TemplateSpec> templates = usual());
    /// Those that `act` launches: t1, t2 and t3.
    static std::vector<TemplateSpec> usual();
    ~SimWorld() override { end(); }

    engine::SimEngine engine;

  private:
    engine::Engine& begin_engine() override { return engine; }
};

/// A template with that many components that share a volume.
TemplateSpec spec_of(int components);
/// Like `spec_of(1)`, with two init steps.
TemplateSpec prepared_spec();

/// Names of the people in a world; each may have `running_max` sessions running.
inline const std::vector<std::string> people{"ada", "bert", "cleo"};
inline constexpr int running_max = 3;

}  // namespace berth::sim
