#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "model/session.hpp"
#include "model/workload.hpp"

/// The gateway's own words: a route leads from a host to a session, a way to one port of it.
namespace berth::gateway {

/// One way in.
struct Way {
    std::string name;
    AccessKind kind = AccessKind::web;
    std::string component;
    int port = 0;  ///< 0 for terminals.
    std::string
        key;  ///< Session, component, port and incarnation: upstream connections of one key are alike.
    std::optional<ActivityRule> activity;  ///< As the template says; absent: whatever is sent is use.
};

/// What is counted of one session or user while anything of it is open. Shared by all loops.
struct Meter {
    std::atomic<int> open{0};
    std::atomic<std::int64_t> active_at{
        0};  ///< Milliseconds since 1970 of the last bytes from a person; 0: none.
    std::atomic<const char*> active_source{""};
    std::atomic<bool> frozen{false};  ///< Of a session: what counts as use has to be told at once.

    /// Notes what was seen once more and is no use, until `take_uncounted`.
    void note(Uncounted seen);
    std::vector<Uncounted> take_uncounted();

  private:
    std::mutex mutex_;
    std::vector<Uncounted> uncounted_;
};

/// Where a session's host leads now. Immutable: a change puts another in its place.
struct Route {
    SessionId session;
    WorkloadId workload;
    UserId user;
    std::string user_name;
    std::string session_name;
    std::string label;    ///< First label of the session's host.
    bool live = false;    ///< The incarnation that is wanted runs and answers, or will once it is used.
    bool frozen = false;  ///< It is wanted frozen: what comes to it waits until it goes on.
    bool failed = false;  ///< It did not start.
    std::string trouble;  ///< Why it does not go on though that is wanted.
    int incarnation = 0;
    std::int64_t version =
        0;  ///< Sequence of the last event that it knows: an older one never replaces a newer.
    std::vector<std::shared_ptr<const Way>> ways;
    std::shared_ptr<const Way> first;          ///< The default; null when the template has none.
    std::shared_ptr<Meter> meter, user_meter;  ///< Set by the table.
};

/// The way behind `access--`, the default for an empty name, and for a port number that is nobody's name that
/// port of the default component. Null when there is none.
std::shared_ptr<const Way> find_way(const Route& route, std::string_view access);

/// The route that a row and its revision amount to.
Route make_route(const Session& session, const TemplateSpec& spec, const std::string& user_name);

}  // namespace berth::gateway
