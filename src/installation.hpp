#pragma once

#include <string>

#include "store/store.hpp"

/// What an installation is known by. The first process on a database makes it, and it lives as long as that.
namespace berth {

/// Short hex, on everything that it makes.
Task<std::string> instance_of(store::Store& store);

/// What only this installation knows.
Task<std::string> secret_of(store::Store& store);

/// Tells this process from others on its database, and people which machine or pod it is.
std::string make_holder();

}  // namespace berth
