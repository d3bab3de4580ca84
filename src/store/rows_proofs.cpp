#include "store/rows.hpp"

/// What proves who somebody is: logins, tokens and tickets.
namespace berth::store {

std::optional<Login> SqlRows::find_login(std::string_view secret_hash) {
    return db_.find<Login>("WHERE secret_hash = :hash", secret_hash);
}

std::optional<Login> SqlRows::find_login(const LoginId& id) {
    return db_.find<Login>("WHERE id = :id", id);
}

std::vector<Login> SqlRows::list_logins(const UserId& user) {
    return db_.select<Login>("WHERE user_id = :user ORDER BY created_at DESC, id DESC", user);
}

std::optional<Token> SqlRows::find_token(std::string_view secret_hash) {
    return db_.find<Token>("WHERE secret_hash = :hash", secret_hash);
}

std::vector<Token> SqlRows::list_tokens(const UserId& user) {
    return db_.select<Token>("WHERE user_id = :user ORDER BY created_at DESC, id DESC", user);
}

std::optional<Ticket> SqlRows::find_ticket(std::string_view secret_hash, Time now) {
    return db_.find<Ticket>("WHERE secret_hash = :hash AND expires_at > :now", secret_hash, now);
}

void SqlRows::insert_login(const Login& login) {
    db_.insert(login);
}

void SqlRows::delete_login(const LoginId& id) {
    db_.run("DELETE FROM login WHERE id = :id", id);
}

void SqlRows::delete_proofs(const UserId& user) {
    db_.run("DELETE FROM login WHERE user_id = :user", user);
    db_.run("DELETE FROM token WHERE user_id = :user", user);
    db_.run("DELETE FROM ticket WHERE user_id = :user", user);
}

void SqlRows::insert_token(const Token& token) {
    db_.insert(token);
}

bool SqlRows::delete_token(const UserId& user, const TokenId& id) {
    return db_.run("DELETE FROM token WHERE id = :id AND user_id = :user", id, user) > 0;
}

void SqlRows::touch_token(const TokenId& id, Time at) {
    db_.run("UPDATE token SET last_used_at = :at WHERE id = :id", at, id);
}

void SqlRows::insert_ticket(const Ticket& ticket) {
    db_.insert(ticket);
}

std::optional<Ticket> SqlRows::take_ticket(std::string_view secret_hash, TicketKind kind, Time now) {
    auto ticket = db_.find<Ticket>("WHERE secret_hash = :hash AND kind = :kind", secret_hash, kind);
    // One writer at a time: nobody else takes it between the two statements.
    if (ticket) db_.run("DELETE FROM ticket WHERE secret_hash = :hash", secret_hash);
    if (ticket && ticket->expires_at <= now) ticket.reset();
    return ticket;
}

void SqlRows::delete_tickets(TicketKind kind) {
    db_.run("DELETE FROM ticket WHERE kind = :kind", kind);
}

}  // namespace berth::store
