#pragma once

#include <functional>
#include <optional>

#include "base/clock.hpp"
#include "engine/engine.hpp"
#include "gateway/frame_walk.hpp"
#include "gateway/gatekeeper.hpp"
#include "gateway/route.hpp"
#include "gateway/upstream_pool.hpp"
#include "gateway/use.hpp"
#include "net/connection.hpp"

namespace berth::gateway {

/// What the gateway allows.
struct GatewayConfig {
    int session_open_max = 1024;      ///< Requests and tunnels of one session at once.
    int user_open_max = 1024;         ///< Of one user.
    std::size_t kept_each_max = 64;   ///< Idle connections to one port, a loop.
    std::size_t kept_all_max = 1024;  ///< Idle connections to all applications, a loop.
    int kept_seconds_max = 4;         ///< Below the 5 s after which Node.js closes.
    Duration dial_timeout = std::chrono::seconds(10);
    Duration answer_timeout = std::chrono::seconds(300);  ///< Until an application begins to answer.
    Duration write_timeout = std::chrono::seconds(60);    ///< Without a byte taken by client or application.
    Duration gone_grace = std::chrono::seconds(10);  ///< An answer for a client that has shut down its side.
    Duration hold_limit = std::chrono::seconds(30);  ///< A program waits so long for a session to wake.
    Duration forget_missing =
        std::chrono::seconds(5);  ///< A host that leads nowhere is looked up again then.
    std::size_t answer_head_max = 64 << 10;
};

/// Connects to a port inside a session, within a limit. Never null: throws `unavailable` when nothing answers
/// there.
using Dial =
    std::function<Task<std::unique_ptr<engine::Stream>>(WorkloadId, std::string component, int port)>;

/// Told of what counts as use of a frozen session, from any loop.
using UseOfFrozen = std::function<void(const Route&, const char* source)>;

class Passage;

/// What one loop of the gateway keeps to itself.
struct LoopState {
    LoopState(net::Loop& its_loop, const GatewayConfig& its_config, const Clock& its_clock,
              const UseOfFrozen& its_thaw)
        : loop(its_loop),
          config(its_config),
          clock(its_clock),
          thaw(its_thaw),
          kept(its_config.kept_each_max, its_config.kept_all_max, its_config.kept_seconds_max) {}
    net::Loop& loop;
    const GatewayConfig& config;
    const Clock& clock;
    const UseOfFrozen& thaw;
    UpstreamPool kept;
    Passage* first = nullptr;

    /// Once a second: kept connections, clients that went away while an application thinks, and goodbyes.
    void tick();
    /// Closes every passage that `wanted` names.
    void close(const std::function<bool(const Visitor&, const Route&)>& wanted);
};

/// What the gateway remembers of one client connection from request to request; `Connection::memory` is one.
struct ClientMemory {
    std::string host, proof;                 ///< The last ones that were good…
    std::shared_ptr<const Visitor> visitor;  ///< …and whose they are.
    std::uint64_t revision = 0;
    std::string text;        ///< Room for the head that is written at the moment.
    net::ResponseHead head;  ///< Room for the head that is read at the moment.
};

/// One request or tunnel on its way through: counted, listed, and closed with its sign-in.
class Passage final : public net::Closer, public net::Deadline {
  public:
    Passage(LoopState& state, net::Connection& connection, std::shared_ptr<const Route> route,
            std::shared_ptr<const Way> way, std::shared_ptr<const Visitor> visitor);
    ~Passage() override;

    /// False when the session or its user has as many open as is allowed.
    bool within_limits() const { return within_limits_; }
    void close_all() override;
    /// Tells the client of a WebSocket that we go away (1001); its answer is the application's goodbye.
    void drain() override;
    /// Something came from the client: use of the session, or what is noted as none.
    void count_activity(const char* source);
    /// Only pings came.
    void note_pings();
    /// Looks whether the client is still there; ends the passage when it is not.
    void look_at_client();

    LoopState& state;
    net::Connection& connection;
    const std::shared_ptr<const Route> route;
    const std::shared_ptr<const Way> way;
    const std::shared_ptr<const Visitor> visitor;
    const Use use;  ///< Of all that comes through.
    std::optional<net::Channel> upstream;
    bool kept = false;  ///< `upstream` has served before and may have died meanwhile.
    bool timed_out = false;
    bool waiting = false;  ///< Nobody reads from the client: its end would not be heard.
    int gone_seconds = 0;

    bool answer_begun = false;  ///< Bytes of an answer went to the client.
    bool answer_over = false;
    bool body_over = true;  ///< The whole request body went out.
    bool body_bad = false;
    bool client_gone = false;
    std::optional<FrameWalk> frames_down;  ///< Of a WebSocket: what the application sent so far.

  protected:
    void expired() override;

  private:
    friend struct LoopState;
    void say_goodbye();
    void note(Uncounted seen);

    const Uncounted uncounted_;  // What it is when it is no use.
    Passage* previous_ = nullptr;
    Passage* next_ = nullptr;
    bool within_limits_ = true;
    bool goodbye_due_ = false;
};

}  // namespace berth::gateway
