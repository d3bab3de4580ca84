#pragma once

#include "config.hpp"

namespace berth {

/// `berth doctor`: tries the engine for real and prints each check, with a fix where it failed.
///
/// Where a Berth serves the data directory, that one does the trying: a second engine on one directory would
/// end the first one's service. Gives the exit status: 0 when everything passed.
int doctor(const Config& given);

}  // namespace berth
