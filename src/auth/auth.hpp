#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/secret_text.hpp"
#include "net/http.hpp"
#include "store/store.hpp"

/// Who asks, and what that lets them do: the one judge for every listener.
namespace berth::auth {

enum class Scope { read, sessions, admin };
BOOST_DESCRIBE_ENUM(Scope, read, sessions, admin)

/// Somebody who has proved who they are.
struct Identity {
    Caller caller;
    LoginId login;               ///< Set when a browser's cookie proved it.
    TokenId token;               ///< Set when a token did.
    Scope scope = Scope::admin;  ///< What the token allows at most; a cookie allows all the role does.
    std::optional<Time> expires_at;

    bool by_cookie() const { return !login.empty(); }
};

/// Where this Berth is reached: what origins and cookies depend on.
struct Origin {
    std::string url;          ///< `http://localhost:8080`, no slash at the end.
    std::string apps_domain;  ///< `localhost:8080`: session hosts are `LABEL.` + this.
    std::string cookie_name;  ///< `__Host-berth` on https; `berth_INSTANCE` on plain http.
    bool https = false;
};

/// Derives cookie name and apps domain: `instance` keeps two Berths on one host apart.
Origin make_origin(std::string_view url, std::string_view apps_domain, std::string_view instance);

/// `Set-Cookie` values. Platform cookies: Path=/, HttpOnly, SameSite=Strict (Lax for session hosts), Secure
/// on https.
std::string make_cookie(const Origin& origin, const SecretText& secret, Duration max_age);
std::string clear_cookie(const Origin& origin);

/// The secret that the request carries in our cookie. Two cookies of our name are refused (`invalid`).
std::optional<SecretText> cookie_secret(const net::Request& request, std::string_view cookie_name);

/// Who sent the request: a Berth-Token or Authorization: Bearer header, else the cookie; a request over the
/// private socket is the installation's first active administrator. Nothing when it carries no proof; throws
/// `unauthenticated` for a proof that is wrong, expired, revoked or of a deactivated user. Touches last use
/// at most once a minute. A token that comes over the private socket counts more than the socket.
Task<std::optional<Identity>> identify(store::Store& store, Clock& clock, const Origin& origin,
                                       const net::Request& request);

/// Refuses (`forbidden`, `origin_refused`) a request that changes something (or opens a WebSocket) by cookie
/// unless its Origin (or, without one, Sec-Fetch-Site: same-origin) is the platform's own.
void require_own_origin(const Origin& origin, const Identity& identity, const net::Request& request);

/// Passwords: argon2id (libsodium, interactive limits), on a small pool of threads so that no loop waits.
class Passwords {
  public:
    explicit Passwords(int threads = 1);
    ~Passwords();
    Task<std::string> hash(SecretText password);
    /// Takes as long for an absent hash as for a wrong password.
    Task<bool> verify(std::optional<std::string> hash, SecretText password);

  private:
    struct Pool;
    std::unique_ptr<Pool> pool_;
};

/// A sign-in that was made: the cookie's secret is here once.
struct SignedIn {
    User user;
    store::Login login;
    SecretText secret;
};

/// Counts failures per name and per address; throws `too_many` (`too_many_attempts`) with the wait, before
/// any hashing.
///
/// `failed` is called before the outcome is known and `succeeded` takes it back, so that many attempts at
/// once are counted. Bounded; used by one loop. A name waits a minute at most, an address 15.
class Attempts {
  public:
    explicit Attempts(Clock& clock) : clock_(clock) {}
    void require(std::string_view name, std::string_view remote);
    void failed(std::string_view name, std::string_view remote);
    void succeeded(std::string_view name, std::string_view remote);

  private:
    struct Count {
        int failures = 0;
        Time until{};
    };
    Clock& clock_;
    std::map<std::string, Count> counts_;
};

/// Signs in by name and password. Throws `unauthenticated` (`wrong_credentials`) with one wording for every
/// cause.
Task<SignedIn> sign_in(store::Store& store, Clock& clock, Passwords& passwords, Attempts& attempts,
                       std::string name, SecretText password, std::string user_agent, std::string remote);

/// Ends every sign-in of the user but `kept`: whoever knew the old password is out.
void end_other_logins(store::Tx& tx, const User& user, const LoginId& kept, Time now);

/// Makes the one-use secret of a link or redirect; its hash is what is stored. Those before it stay: of
/// several Berths each has given a first-administrator link, and the first that is used ends the others.
SecretText issue_ticket(store::Tx& tx, store::Ticket ticket);

/// The secret of a link that makes the first administrator; nothing where somebody administers.
std::optional<SecretText> issue_first_ticket(store::Tx& tx, Time now);

/// Uses up a first-admin or sign-in ticket: makes the administrator when it is the first, then the sign-in.
/// `name` and `password` are optional wishes of the person. Throws `unauthenticated` (`ticket_invalid`);
/// a wish that is wrong (`invalid`, `name_taken`) leaves the ticket as it was.
Task<SignedIn> redeem_ticket(store::Store& store, Clock& clock, Passwords& passwords, SecretText ticket,
                             std::optional<std::string> name, std::optional<SecretText> password,
                             std::string user_agent);

/// Makes a token `brt_…`; `row` gets its hash. The text is shown once.
SecretText issue_token(store::Token& row);

/// Valid user names: 1 to 63 letters (any script), digits, `.`, `_`, `-`, `@`, starting with a letter or
/// digit; NFC is the caller's. Throws `invalid`.
void check_user_name(std::string_view name);
/// At least 8 characters, at most 1024 bytes. Throws `invalid`.
void check_password(const SecretText& password);

/// How long a browser stays signed in.
inline constexpr Duration login_lifetime = std::chrono::hours(24 * 14);
/// How long a link that makes the first administrator works.
inline constexpr Duration first_link_lifetime = std::chrono::hours(24);
/// How long a ticket for a session host lives.
inline constexpr Duration host_ticket_lifetime = std::chrono::seconds(30);

}  // namespace berth::auth
