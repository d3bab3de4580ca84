#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "auth/host_cookie.hpp"
#include "net/head.hpp"

namespace berth::gateway {

/// What a request carries to prove who sent it. Views of the head.
struct Proof {
    enum class Kind {
        none,
        cookie,
        token,
        twice
    } kind = Kind::none;  ///< `twice`: our cookie came more than once.
    std::string_view text;
};

/// Names of the cookies that are ours: none of them reaches an application, and none comes from one.
struct OwnCookies {
    std::string platform, session, nonce;
    bool holds(std::string_view name) const;
};
OwnCookies own_cookies(const auth::Origin& origin);

/// A `Berth-Token` header, else our cookie for session hosts.
Proof find_proof(const net::RequestHead& head, const OwnCookies& cookies);

/// The value of the one cookie of that name; `twice` when there are more.
Proof find_cookie(const net::RequestHead& head, std::string_view name);

/// Somebody whose proof was good.
struct Visitor {
    UserId user;
    std::string name;
    LoginId login;  ///< Set when a cookie proved it.
    TokenId token;  ///< Set when a token did.
    Time until{};   ///< Ask again then.

    bool by_cookie() const { return !login.empty(); }
};

/// Who may come in. A verdict may be remembered while `revision` stays what it was.
class Gatekeeper {
  public:
    virtual ~Gatekeeper() = default;
    /// Grows when some verdict may have become wrong. Any thread.
    virtual std::uint64_t revision() const = 0;
    /// Who the proof proves; null when it does not. Throws `unavailable` when that cannot be found out. Any
    /// loop.
    virtual Task<std::shared_ptr<const Visitor>> admit(Proof::Kind kind, std::string text,
                                                       std::string host) = 0;
};

/// Judges by the store: a cookie's sign-in must still be there and its user active; a token is the auth
/// layer's to judge.
class StoreGatekeeper final : public Gatekeeper {
  public:
    StoreGatekeeper(store::Store& store, Clock& clock, auth::Origin origin);

    /// Reads (or makes) the key of the cookies. Before the first request.
    Task<> start();

    std::uint64_t revision() const override { return revision_.load(std::memory_order_acquire); }
    Task<std::shared_ptr<const Visitor>> admit(Proof::Kind kind, std::string text, std::string host) override;

    /// What one has to know to say which of a user's open connections may stay.
    struct Standing {
        bool active = false;
        std::set<LoginId> logins;
        std::set<TokenId> tokens;
        bool covers(const Visitor& visitor) const;
    };
    /// Forgets all verdicts and reads how the user stands now.
    Task<Standing> reconsider(UserId user);

    const SecretText& key() const { return key_; }

    /// How long a verdict holds without any news.
    static constexpr Duration verdict_lifetime = std::chrono::seconds(60);

  private:
    Task<std::shared_ptr<const Visitor>> admit_cookie(std::string text, std::string host);
    Task<std::shared_ptr<const Visitor>> admit_token(std::string text);

    store::Store& store_;
    Clock& clock_;
    auth::Origin origin_;
    SecretText key_;
    std::atomic<std::uint64_t> revision_{1};
};

}  // namespace berth::gateway
