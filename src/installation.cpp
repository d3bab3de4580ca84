#include "installation.hpp"

#include <unistd.h>

#include "crypto/random.hpp"

namespace berth {

Task<std::string> instance_of(store::Store& store) {
    auto find_or_make = [](store::Tx& tx) {
        if (auto known = tx.find_setting("instance.id")) return *known;
        // Long enough that no two on a machine share it: what carries it is taken for one's own.
        auto made = crypto::sha256_hex(crypto::random_text(16)).substr(0, 8);
        tx.set_setting("instance.id", made);
        return made;
    };
    co_return co_await store.write(find_or_make);
}

Task<std::string> secret_of(store::Store& store) {
    auto find_or_make = [](store::Tx& tx) {
        if (auto known = tx.find_setting("instance.secret")) return *known;
        auto made = crypto::sha256_hex(crypto::random_text(32));
        tx.set_setting("instance.secret", made);
        return made;
    };
    co_return co_await store.write(find_or_make);
}

std::string make_holder() {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) != 0) name[0] = '\0';
    return std::string(name) + "_" + crypto::sha256_hex(crypto::random_text(16)).substr(0, 8);
}

}  // namespace berth
