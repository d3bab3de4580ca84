#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "crypto/fernet.hpp"

namespace berth::crypto {

/// What something sealed is, and whose: `{"secret", user, name}`. It opens only as what it was sealed as.
using SealContext = std::initializer_list<std::string_view>;

/// A Fernet token of `plain` that is bound to the context. Fernet authenticates no data beside the message,
/// so the context stands in the message, before the plain text and with its lengths.
std::string seal(const FernetKey& key, SealContext context, std::string_view plain, Time now);

/// What was sealed. Throws `internal` `sealed_damaged` for what was cut or changed, is of another key, or was
/// sealed as something else.
SecretText open_sealed(const FernetKey& key, SealContext context, std::string_view sealed);

}  // namespace berth::crypto
