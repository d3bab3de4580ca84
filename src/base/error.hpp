#pragma once

#include <stdexcept>
#include <string>

namespace berth {

/// What the caller can do about a failure. Nothing else belongs here.
///
/// It decides the HTTP status (in `api/`) and the retry (in `operator/`), each in one place.
enum class Kind {
    invalid,          ///< The request itself is wrong: change it.
    unauthenticated,  ///< Sign in first.
    forbidden,        ///< This caller may not do it.
    not_found,        ///< There is no such thing, or none that this caller may know of.
    conflict,         ///< The world has moved on: read again, then decide.
    too_many,         ///< A limit is reached: free something, or come back later.
    busy,             ///< Somebody else is at it: the same call may work in a moment.
    unavailable,      ///< A part that is needed is away: the same call may work later.
    internal,         ///< A defect of ours, or a failure nobody foresaw.
};

/// A failure that the immediate caller is not expected to handle.
///
/// `what()` is for the log; `user` is safe to show to the person who asked; `next` says what to do now and
/// may be empty. `code` is stable: programs compare it. Messages name the thing, in lower case, with no full
/// stop: `template "desktop": image not found`.
struct Error : std::runtime_error {
    Error(Kind kind, std::string code, std::string user, std::string next = {},
          const std::string& detail = {})
        : std::runtime_error(detail.empty() ? user : user + ": " + detail),
          kind(kind),
          code(std::move(code)),
          user(std::move(user)),
          next(std::move(next)) {}

    Kind kind;
    std::string code;
    std::string user;
    std::string next;
};

/// The text `"name"` as messages quote names; control characters are shown as `?`.
std::string quoted(std::string_view name);

/// The candidate that is nearest to `word` by edit distance, or empty when none is near enough to be meant.
template <class Range>
std::string nearest(std::string_view word, const Range& candidates);

/// The number of single-character edits (insert, delete, replace) between two short texts.
std::size_t edit_distance(std::string_view left, std::string_view right);

template <class Range>
std::string nearest(std::string_view word, const Range& candidates) {
    std::string best;
    std::size_t least = word.size() / 3 + 2;
    for (const auto& candidate : candidates) {
        const std::string_view text = candidate;
        if (const auto distance = edit_distance(word, text); distance < least) {
            least = distance;
            best = text;
        }
    }
    return best;
}

}  // namespace berth
