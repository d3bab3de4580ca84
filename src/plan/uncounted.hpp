#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/session.hpp"

/// What was seen of a session and is no use of it: the few latest kinds, with how often and when last. Pure.
namespace berth::plan {

/// Adds to what is known: the same thing for the same reason is one entry, and of more than
/// `limits::uncounted_max` those that were seen longest ago go.
void add_uncounted(std::vector<Uncounted>& book, Uncounted more);

/// What comes through an access whose application is asked instead.
Uncounted passed_by(std::string_view access);

/// When something last came through an access whose application is asked instead.
std::optional<Time> last_passed_by(const std::vector<Uncounted>& book, std::string_view access);

/// What can say nothing when it is asked.
std::string probe_name(std::string_view access);
inline constexpr const char* processor_name = "the use of processors";

/// Forgets what was noted of it: it says something.
void forget(std::vector<Uncounted>& book, std::string_view what);

/// The latest of what was asked and says nothing at the moment; null: all that is asked answers.
const Uncounted* find_no_answer(const std::vector<Uncounted>& book);

}  // namespace berth::plan
