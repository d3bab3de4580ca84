#pragma once

#include <span>
#include <string>
#include <vector>

#include "plan/admit.hpp"

/// Who of those that wait may start. Pure.
namespace berth::plan {

/// A session that waits for room.
struct Waiting {
    SessionId id;
    UserId user;
    Time since{};
    Amounts wanted;
    /// Places in `Room::accounts` of all that it draws on.
    std::vector<std::size_t> accounts;
};

/// What there is, and who wants it.
struct Room {
    std::vector<Account> accounts;
    std::vector<Waiting> waiting;
    std::map<UserId, std::int64_t> running;  ///< How many of each user's sessions take part.
};

/// Where one stands that has to go on waiting.
struct Place {
    SessionId id;
    int number = 1;  ///< Among those that wait for the same limit, from 1.
    int of = 1;
    std::string cause;  ///< `processors: your limit of 8 (tier free) is in use`.
    bool operator==(const Place&) const = default;
};

struct Turns {
    std::vector<SessionId> enter;  ///< In this order.
    std::vector<Place> wait;       ///< In the order of their turns.
};

/// Lets in whoever there is room for. The next is always of the user with the fewest sessions that run, and
/// of those the one that waits longest. Nobody overtakes: what an earlier one lacks is kept for it, so that a
/// large one is not passed over for ever; only what can never fit keeps nothing back.
Turns take_turns(Room room);

/// `3rd of 5, waits for processors: your limit of 8 (tier free) is in use`.
std::string place_text(const Place& place);

/// How a status names why it is pending.
inline constexpr std::string_view queued_word = "Queued";

/// Places are told exactly up to here: of a long queue everybody else hears that it is long.
inline constexpr int places_told = 100;

}  // namespace berth::plan
