#pragma once

#include "store/store.hpp"

/// The kinds of store that `open` chooses from.
namespace berth::store {

std::unique_ptr<Store> open_memory(const Options& options, Clock& clock);
std::unique_ptr<Store> open_file(const Options& options, Clock& clock);
std::unique_ptr<Store> open_server(const Options& options, Clock& clock);

/// What a call gets after `close`.
std::exception_ptr refusal_when_closed();

}  // namespace berth::store
