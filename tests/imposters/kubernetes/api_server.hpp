#pragma once

#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>
#include <string>

#include "imposters/kubernetes/faults.hpp"
#include "imposters/kubernetes/http.hpp"
#include "imposters/kubernetes/objects.hpp"
#include "net/http_client.hpp"

namespace berth::imposter {

/// Who answers at a port of a pod.
class PortHandler {
  public:
    virtual ~PortHandler() = default;
    /// What it says to these bytes; nothing when it hangs up.
    virtual std::optional<std::string> hear(const std::string& bytes) = 0;
};

/// What was asked of an API server so far.
struct Tally {
    int writes = 0;           ///< Requests that may change something, whatever their answer.
    int effective = 0;        ///< Of those the ones that changed something.
    int answered = 0;         ///< Of those the ones whose answer was sent whole.
    int refused = 0;          ///< Writes that were refused on their own account, not by a fault.
    int blind_deletions = 0;  ///< That named no uid.
    int in_flight = 0;        ///< Just now, but for watches, logs and connections to pods.
    int most_in_flight = 0;
    int watches = 0;                 ///< That are open.
    std::vector<std::string> lines;  ///< `POST configmaps/ses-1 201` of each write.
};

/// An API server on a real Unix socket in a folder of its own, in front of `Objects`, with faults.
///
/// It answers create, get, list (limit, continue, selectors), watch, delete, replace, server-side apply,
/// merge patch, the status subresource, metadata only, logs and port-forward. One loop; time is the clock's.
class ApiServer {
  public:
    ApiServer(asio::any_io_executor executor, Clock& clock, std::uint64_t seed);
    ~ApiServer();

    net::Address address() const { return {.unix_path = folder_ + "/api.sock", .host = "kubernetes"}; }
    /// Where the token lies that is valid now.
    std::string token_file() const { return folder_ + "/token"; }
    const std::string& folder() const { return folder_; }
    /// Ends everything; what still waits ends with the next turns of the loop.
    void close();
    /// Ends every connection. What was asked and had no effect yet: it may still come, or not.
    enum class Pending { may_land, is_dropped };
    void cut(Pending pending);
    /// The socket is gone with all connections, until `appear`.
    void vanish();
    void appear();
    /// From now on another token is valid, which lies in its file `later`.
    void rotate_token(Duration later);
    /// Leaves the answer to that effective write unsaid (numbered from 1), and everything after it undone.
    void hold_at(int effective);
    bool holding() const { return held_; }

    Objects objects;
    Faults faults;
    Pace pace;
    Tally tally;
    /// Who listens there; throws `std::string` in the node's words when nobody does.
    std::function<std::unique_ptr<PortHandler>(const json::value& pod, int port)> listener;
    std::function<std::string(const json::value& pod)> log;
    /// Says the raw bytes for a request instead, piece by piece; an empty piece closes the connection.
    std::function<std::optional<std::vector<std::string>>(const HttpRequest&)> script;

  private:
    struct Answer {
        int status = 200;
        json::value body;
        std::string headers = {};
    };
    struct Request {
        HttpRequest http;
        Where where;
        std::string subresource;
        bool write = false;
    };
    using Wire = std::shared_ptr<Connection>;

    void listen();
    Task<> accept();
    Task<> serve(Wire wire);
    Task<bool> answer(Wire wire, HttpRequest http);
    Task<bool> answer_call(Wire wire, Request request);
    Task<bool> answer_badly(Wire wire, const Request& request, const std::string& bytes);
    Answer act(const Request& request);
    Answer act_on(const Request& request);
    Answer list(const Request& request);
    Answer patch(const Request& request);
    Answer put(const Request& request);
    void require_defined(const Request& request) const;
    void require_same(const Request& request, const json::object& change) const;
    Answer remove(const Request& request);
    std::optional<Answer> refusal_before(const Request& request);
    void go_away();
    Task<> come_back(Duration later);
    Task<> write_token(std::string token, Duration later);

    // watches.cpp
    Task<bool> watch(Wire wire, Request request);
    Task<bool> send_events(Wire wire, const Request& request, std::vector<Told> changes);
    Task<> forward(Wire wire, Request request);
    Task<bool> send_log(Wire wire, Request request);
    std::string event_line(const Request& request, const Change& change) const;
    void ring();

    asio::any_io_executor executor_;
    Clock& clock_;
    Dice dice_;
    std::string folder_;
    std::unique_ptr<asio::local::stream_protocol::acceptor> acceptor_;
    std::list<std::weak_ptr<Connection>> wires_;
    std::list<asio::steady_timer*> waiting_;    // Watches, for something new.
    std::map<std::string, json::array> rests_;  // Of lists, by their continue token.
    std::string token_ = "token-1";
    int tokens_ = 1;
    int rests_made_ = 0;
    int hold_at_ = 0;
    bool held_ = false;
    bool closing_ = false;
    bool pending_lands_ = true;
    TaskGroup tasks_;
};

/// A request that is in flight, for as long as this is there.
class InFlight {
  public:
    explicit InFlight(Tally& tally) : tally_(tally) {
        tally_.most_in_flight = std::max(tally_.most_in_flight, ++tally_.in_flight);
    }
    ~InFlight() { --tally_.in_flight; }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;

  private:
    Tally& tally_;
};

}  // namespace berth::imposter
