#pragma once

#include <exception>
#include <string>

#include "base/error.hpp"

namespace berth::control {

/// What a failed look threw, as an error whose kind decides the retry.
///
/// A failure of the connection becomes `unavailable` with this code; one that nobody foresaw `internal`. A
/// cancelled operation (`operation_aborted`) is no failure: it is thrown on.
Error as_error(const std::exception_ptr& failure, const std::string& unreachable_code);

}  // namespace berth::control
