#include "plan/queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>

namespace berth::plan {
namespace {

using Key = std::pair<std::size_t, Resource>;  // A limit: of which account, of what.

/// One round of turns.
class Round {
  public:
    explicit Round(Room room) : room_(std::move(room)) {
        std::ranges::sort(room_.waiting, {}, [](const Waiting& one) { return std::pair(one.since, one.id); });
        for (const auto& one : room_.waiting) queues_[one.user].push_back(&one);
        for (const auto& [user, queue] : queues_) add_turn(user);
    }

    Turns take() {
        while (!turns_.empty()) {
            const auto user = turns_.begin()->user;
            turns_.erase(turns_.begin());
            auto& queue = queues_[user];
            const auto& one = *queue.front();
            queue.pop_front();
            judge(one);
            if (!queue.empty()) add_turn(user);
        }
        for (auto& place : turns_taken_.wait) place.of = lengths_[limit_of_[place.id]];
        return std::move(turns_taken_);
    }

  private:
    struct Turn {
        std::int64_t running;
        Time since;
        SessionId id;
        UserId user;
        auto operator<=>(const Turn& other) const {
            return std::tie(running, since, id) <=> std::tie(other.running, other.since, other.id);
        }
    };

    void add_turn(const UserId& user) {
        const auto& next = *queues_[user].front();
        turns_.insert({room_.running[user], next.since, next.id, user});
    }

    void judge(const Waiting& one) {
        const auto lack = lack_of(one);
        if (!lack) return enter(one);
        const auto& account = room_.accounts[lack->first];
        const Shortage shortage{.kind = account.kind,
                                .name = account.name,
                                .what = lack->second,
                                .limit = account.limits.at(lack->second),
                                .used = account.used[lack->second],
                                .wanted = one.wanted[lack->second]};
        if (!shortage.hopeless()) kept_.insert(*lack);
        limit_of_[one.id] = *lack;
        turns_taken_.wait.push_back({.id = one.id, .number = ++lengths_[*lack], .cause = cause_of(shortage)});
    }

    void enter(const Waiting& one) {
        for (const auto place : one.accounts) room_.accounts[place].used += one.wanted;
        room_.running[one.user] += one.wanted[Resource::running];
        turns_taken_.enter.push_back(one.id);
    }

    /// The first limit that has no room for it, or that is kept for somebody before it.
    std::optional<Key> lack_of(const Waiting& one) const {
        for (const auto what : every_resource) {
            if (one.wanted[what] == 0) continue;
            for (const auto place : one.accounts) {
                const auto& account = room_.accounts[place];
                const auto limit = account.limits.find(what);
                if (limit == account.limits.end()) continue;
                const bool full = account.used[what] + one.wanted[what] > limit->second.most;
                if (full || kept_.contains({place, what})) return Key{place, what};
            }
        }
        return std::nullopt;
    }

    Room room_;
    std::map<UserId, std::deque<const Waiting*>> queues_;
    std::set<Turn> turns_;
    std::set<Key> kept_;
    std::map<Key, int> lengths_;
    std::map<SessionId, Key> limit_of_;
    Turns turns_taken_;
};

std::string ordinal(int number) {
    const int tens = number % 100;
    const int ones = tens >= 11 && tens <= 13 ? 0 : number % 10;
    return fmt::format("{}{}", number, ones == 1 ? "st" : ones == 2 ? "nd" : ones == 3 ? "rd" : "th");
}

}  // namespace

Turns take_turns(Room room) {
    return Round(std::move(room)).take();
}

std::string place_text(const Place& place) {
    if (place.number > places_told)
        return fmt::format("more than {} wait before it for {}", places_told, place.cause);
    return fmt::format("{} of {}, waits for {}", ordinal(place.number), place.of, place.cause);
}

}  // namespace berth::plan
