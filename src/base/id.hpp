#pragma once

#include <compare>
#include <functional>
#include <string>

namespace berth {

/// A name that the database gave to one thing. Ids of different nouns do not mix.
template <class Noun>
struct Id {
    std::string text;

    auto operator<=>(const Id&) const = default;
    bool empty() const { return text.empty(); }
};

}  // namespace berth

template <class Noun>
struct std::hash<berth::Id<Noun>> {
    std::size_t operator()(const berth::Id<Noun>& id) const noexcept {
        return std::hash<std::string>()(id.text);
    }
};
