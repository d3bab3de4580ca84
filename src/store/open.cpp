#include "store/stores.hpp"

namespace berth::store {

std::unique_ptr<Store> open(const Options& options, Clock& clock) {
    return options.path.empty() ? open_memory(options, clock) : open_file(options, clock);
}

std::exception_ptr refusal_when_closed() {
    return std::make_exception_ptr(Error(Kind::unavailable, "store_closed", "the database is closed",
                                         "try again once the service is back"));
}

}  // namespace berth::store
