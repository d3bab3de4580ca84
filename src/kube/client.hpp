#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "kube/cluster.hpp"
#include "kube/gate.hpp"
#include "kube/resource.hpp"
#include "net/http_client.hpp"

namespace berth::kube {

struct ClientOptions {
    int requests_max = 32;                        ///< In flight at once; watches and streams do not count.
    Duration limit{std::chrono::seconds(15)};     ///< Of one try.
    Duration patience{std::chrono::seconds(30)};  ///< Of all tries that the server asked us to make again.
    std::string user_agent = "berth";
};

/// Which objects of a kind.
struct Selection {
    std::string namespace_;  ///< Empty: of all.
    std::string labels;      ///< `a=b,c`; empty: any.
    std::string fields;
};

/// Some objects, as one page of a list.
struct ObjectPage {
    std::vector<json::value> items;
    std::string version;  ///< Of the list: a watch goes on from here.
    std::string next;     ///< Empty: this was the last.
};

/// What has to hold of an object for it to be removed, and how.
struct Removal {
    std::string uid;                   ///< Must be its uid.
    std::optional<int> grace_seconds;  ///< Absent: what the object says.
    bool background = false;           ///< What it owns goes after it.
    bool once = false;  ///< Not tried again when the server asks for it: what was looked at first may change.
};

/// How much of each object is wanted.
enum class Detail { whole, metadata };

/// Speaks to one API server: one request each. Safe from any loop; every call has a deadline.
///
/// A refusal is thrown as `refusal.hpp` says. What the server throttles (429, or 5xx with Retry-After) is
/// tried again when it says so. A credential that is refused is made anew once, and authorities in a file are
/// read anew when a server's certificate is refused. A write whose answer is lost is `unavailable`
/// (`outcome_unknown`): the caller has to look.
class Client {
  public:
    /// `executor`: of the loop that owns the client; it outlives it.
    Client(Cluster cluster, ClientOptions options, Clock& clock, asio::any_io_executor executor);

    const Cluster& cluster() const { return cluster_; }
    /// Closes kept connections, before the loops that made them end.
    void close_idle();

    Task<json::value> get_path(std::string path);
    Task<std::optional<json::value>> find(Resource resource, Key key, Detail detail = Detail::whole);
    /// The object as the server made it. Its own name and namespace.
    Task<json::value> create(Resource resource, json::object object);
    /// Server-side apply in the name of `manager`, taking over what others manage.
    Task<json::value> apply(Resource resource, json::object object, std::string manager,
                            std::string subresource = {});
    /// A merge patch (RFC 7386).
    Task<json::value> patch(Resource resource, Key key, json::object change, std::string subresource = {});
    /// Writes it whole (PUT); the metadata has to name uid and version that it must still have.
    Task<json::value> replace(Resource resource, json::object object, std::string subresource = {});
    /// The object as it is now, on its way out; nothing when it is gone. One with another uid is `conflict`.
    Task<std::optional<json::value>> remove(Resource resource, Key key, Removal removal);
    Task<ObjectPage> list(Resource resource, Selection selection, int limit, std::string from = {},
                          Detail detail = Detail::whole);
    /// The raw stream of a watch: one JSON object a line. `version`: go on after it.
    Task<std::unique_ptr<net::ByteStream>> watch(Resource resource, Selection selection, std::string version,
                                                 Duration length, Detail detail = Detail::whole);
    /// A body as it comes, of a log for instance. `query` is encoded.
    Task<std::unique_ptr<net::ByteStream>> open(Resource resource, Key key, std::string subresource,
                                                std::string query);
    /// A WebSocket to a subresource, with the protocol offered.
    Task<std::unique_ptr<net::WebSocket>> websocket(Resource resource, Key key, std::string subresource,
                                                    std::string query, std::string protocol);

    /// The most requests that were ever in flight.
    int most_in_flight() const { return gate_.most(); }
    /// Requests that were sent so far: writes, and all.
    std::uint64_t writes() const { return writes_; }
    std::uint64_t requests() const { return requests_; }

  private:
    struct Session {
        std::shared_ptr<net::HttpClient> http;
        Proof proof;
        std::string authorities;
        int number = 0;  ///< Counts the credentials, from 1.
    };
    /// A connection pool with credentials that hold now. `refused`: the number of those that did not; 0:
    /// none.
    Task<Session> session(int refused);
    std::optional<Session> session_now(int refused);
    Task<Session> renew();
    /// Whom we trust may have changed too: after a refusal of TLS the next call reads it anew.
    void doubt(const Error& error, int number);
    Task<net::CallResponse> exchange(net::CallRequest request, Duration patience);
    /// `number`: of the credentials that were refused last, then of those that were used.
    Task<net::CallResponse> try_once(net::CallRequest request, int& number);
    Task<json::value> call(net::CallRequest request);
    Task<json::value> call(net::CallRequest request, Duration patience);
    Task<std::unique_ptr<net::ByteStream>> open(net::CallRequest ask);
    net::CallRequest request(std::string method, std::string path, const json::value* body = nullptr,
                             const char* type = "application/json") const;
    void sign(net::CallRequest& request, const Proof& proof) const;

    Cluster cluster_;
    ClientOptions options_;
    Clock& clock_;
    Gate gate_;
    Gate renewing_;     // One at a time: a plugin is a program that people may have to answer.
    std::mutex mutex_;  // Of the next.
    Session session_;
    std::atomic<std::uint64_t> writes_{0}, requests_{0};
};

}  // namespace berth::kube
