#include "store/address.hpp"
#include "store/stores.hpp"

namespace berth::store {

std::unique_ptr<Store> open(const Options& options, Clock& clock) {
    switch (parse_address(options.database).kind) {
        case Address::server:
            return open_server(options, clock);
        case Address::file:
            return open_file(options, clock);
        default:
            return open_memory(options, clock);
    }
}

std::exception_ptr refusal_when_closed() {
    return std::make_exception_ptr(Error(Kind::unavailable, "store_closed", "the database is closed",
                                         "try again once the service is back"));
}

}  // namespace berth::store
