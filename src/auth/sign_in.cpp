#include "auth/auth.hpp"
#include "crypto/random.hpp"

namespace berth::auth {
namespace {

constexpr std::size_t user_agent_max = 256;
/// A person's browsers; the oldest sign-in goes when there are more.
constexpr std::size_t logins_max = 100;
constexpr std::size_t password_max = 1024;
constexpr std::string_view default_admin_name = "admin";

Error wrong_credentials() {
    return Error(Kind::unauthenticated, "wrong_credentials", "the name or the password is wrong",
                 "try again, or ask an administrator for a sign-in link");
}

Error ticket_invalid() {
    return Error(Kind::unauthenticated, "ticket_invalid",
                 "this link is not valid: it was used, or its time is over", "ask for a new link");
}

void tell(store::Tx& tx, const User& user, std::string kind, Time now, json::object data = {}) {
    Event event{.at = now, .class_ = EventClass::audit, .actor = user.name, .kind = std::move(kind)};
    event.subject_kind = "user";
    event.subject = user.id.text;
    event.owner = user.id;
    event.data = std::move(data);
    tx.append(std::move(event));
}

/// Makes the sign-in of a browser of `user`, who has proved who they are.
SignedIn make_login(store::Tx& tx, User user, const std::string& user_agent, Time now) {
    auto secret = crypto::random_secret();
    const store::Login login{.id = {crypto::new_id("log")},
                             .user = user.id,
                             .secret_hash = crypto::sha256_hex(secret.reveal()),
                             .user_agent = user_agent.substr(0, user_agent_max),
                             .created_at = now,
                             .expires_at = now + login_lifetime};
    const auto logins = tx.list_logins(user.id);
    for (std::size_t place = logins_max - 1; place < logins.size(); ++place)
        tx.delete_login(logins[place].id);
    tx.insert_login(login);
    user.last_login_at = now;
    tx.update_user(user);
    tell(tx, user, "user.login", now);
    return {.user = std::move(user), .login = login, .secret = std::move(secret)};
}

struct Account {
    UserId user;
    std::optional<std::string> hash;
};

/// Whose password is asked for; nobody's hash for an unknown or deactivated user.
Account find_account(store::Rows& rows, const std::string& name) {
    const auto user = rows.find_user_by_name(name);
    if (!user || !user->active) return {};
    return {user->id, rows.find_password(user->id)};
}

User make_first_admin(store::Tx& tx, const std::string& name, Time now) {
    if (tx.count_admins() > 0) throw ticket_invalid();
    User user{.id = {crypto::new_id("usr")},
              .name = name,
              .display_name = name,
              .role = Role::admin,
              .created_at = now};
    tx.insert_user(user);
    tx.delete_tickets(store::TicketKind::first_admin);
    tell(tx, user, "user.created", now);
    return user;
}

/// What a person sent to redeem a ticket, checked and hashed.
struct Wish {
    std::string ticket_hash;
    std::string name;
    std::optional<std::string> password_hash;
    std::string user_agent;
};

SignedIn redeem(store::Tx& tx, const Wish& wish, Time now) {
    User user;
    if (tx.take_ticket(wish.ticket_hash, store::TicketKind::first_admin, now)) {
        user = make_first_admin(tx, wish.name, now);
    } else {
        const auto ticket = tx.take_ticket(wish.ticket_hash, store::TicketKind::sign_in, now);
        auto found = ticket ? tx.find_user(ticket->user) : std::nullopt;
        if (!found || !found->active) throw ticket_invalid();
        user = std::move(*found);
    }
    if (wish.password_hash) {
        tx.set_password(user.id, *wish.password_hash);
        end_other_logins(tx, user, {}, now);
    }
    return make_login(tx, std::move(user), wish.user_agent, now);
}

}  // namespace

void end_other_logins(store::Tx& tx, const User& user, const LoginId& kept, Time now) {
    for (const auto& login : tx.list_logins(user.id)) {
        if (login.id == kept) continue;
        tx.delete_login(login.id);
        tell(tx, user, "user.logout", now, {{"login", login.id.text}});
    }
}

Task<SignedIn> sign_in(store::Store& store, Clock& clock, Passwords& passwords, Attempts& attempts,
                       std::string name, SecretText password, std::string user_agent, std::string remote) {
    attempts.require(name, remote);
    // Counted before the outcome is known, so that many at once are not all the first.
    attempts.failed(name, remote);
    auto find = [name](store::Rows& rows) { return find_account(rows, name); };
    auto account = co_await store.read(std::move(find));
    if (password.reveal().size() > password_max) account.hash.reset();
    const auto compared = account.hash;
    const bool right = co_await passwords.verify(compared, std::move(password));
    if (!right) throw wrong_credentials();
    auto make = [account = std::move(account), user_agent = std::move(user_agent),
                 now = clock.now()](store::Tx& tx) {
        // Things may have changed while the password was compared.
        auto user = tx.find_user(account.user);
        if (!user || !user->active || tx.find_password(user->id) != account.hash) throw wrong_credentials();
        return make_login(tx, std::move(*user), user_agent, now);
    };
    auto signed_in = co_await store.write(std::move(make));
    attempts.succeeded(name, remote);
    co_return signed_in;
}

SecretText issue_ticket(store::Tx& tx, store::Ticket ticket) {
    auto secret = crypto::random_secret();
    ticket.secret_hash = crypto::sha256_hex(secret.reveal());
    tx.insert_ticket(ticket);
    return secret;
}

std::optional<SecretText> issue_first_ticket(store::Tx& tx, Time now) {
    if (tx.count_admins() > 0) return std::nullopt;
    return issue_ticket(tx,
                        {.kind = store::TicketKind::first_admin, .expires_at = now + first_link_lifetime});
}

Task<SignedIn> redeem_ticket(store::Store& store, Clock& clock, Passwords& passwords, SecretText ticket,
                             std::optional<std::string> name, std::optional<SecretText> password,
                             std::string user_agent) {
    // Everything that the person could correct is said before the ticket is used up.
    Wish wish{.ticket_hash = crypto::sha256_hex(ticket.reveal()), .name = std::string(default_admin_name)};
    wish.user_agent = std::move(user_agent);
    if (name && !name->empty()) wish.name = std::move(*name);
    check_user_name(wish.name);
    if (password && password->empty()) password.reset();
    if (password) check_password(*password);
    const auto now = clock.now();
    auto look = [hash = wish.ticket_hash, now](store::Rows& rows) {
        const auto found = rows.find_ticket(hash, now);
        return found && found->kind != store::TicketKind::session_host;
    };
    // Hashing is expensive: not for every text that somebody sends.
    const bool known = co_await store.read(std::move(look));
    if (!known) throw ticket_invalid();
    if (password) wish.password_hash = co_await passwords.hash(std::move(*password));
    auto use = [wish = std::move(wish), now](store::Tx& tx) { return redeem(tx, wish, now); };
    co_return co_await store.write(std::move(use));
}

SecretText issue_token(store::Token& row) {
    auto secret = crypto::random_secret("brt_");
    row.secret_hash = crypto::sha256_hex(secret.reveal());
    return secret;
}

}  // namespace berth::auth
