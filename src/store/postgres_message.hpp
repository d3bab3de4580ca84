#pragma once

#include <string>
#include <string_view>

/// What a PostgreSQL server says about a failure, as text of libpq's verbose kind: SOCI keeps nothing else.
/// Its first line is for the log; the others hold values that users have written.
namespace berth::store {

/// The first line, without the values that a statement was given. `state` is the SQLSTATE.
std::string sentence_in(const std::string& message, std::string_view state);

/// The text of a field such as `TABLE NAME`; empty without one. The server's own fields come last, so that
/// what a user wrote is not taken for one.
std::string field_in(const std::string& message, std::string_view name);

/// The columns whose values are there already, from the detail in whatever language:
/// `Key (user_id, name)=(…) already exists.` -> `session.user_id, session.name`.
std::string columns_in(const std::string& message, const std::string& table);

/// Lines joined by `;`.
std::string one_line(std::string text);

}  // namespace berth::store
