#pragma once

#include "auth/auth.hpp"
#include "store/store_fixture_test.hpp"

namespace berth::auth {

using store::at;
using store::code_of;
using store::make_user;
using store::start_time;
using store::wait;

/// A Berth at http://localhost:8080 in memory with the user `ada` and the administrator `root`.
class Doors : public testing::Test {
  protected:
    Doors() {
        root.role = Role::admin;
        root.created_at = at(-10);
        write([&](store::Tx& tx) {
            tx.insert_user(ada);
            tx.insert_user(root);
        });
    }

    template <class F>
    std::invoke_result_t<F, store::Tx&> write(F work) {
        return store::write(*rows, std::move(work));
    }
    template <class F>
    std::invoke_result_t<F, store::Rows&> read(F work) {
        return store::read(*rows, std::move(work));
    }
    std::optional<Identity> identify(const net::Request& request) {
        return wait(auth::identify(*rows, clock, origin, request));
    }
    /// A sign-in of `user` made without a password.
    SecretText log_in(const User& user) {
        auto secret = crypto::random_secret();
        const auto hash = crypto::sha256_hex(secret.reveal());
        write([&](store::Tx& tx) {
            tx.insert_login(
                {{"log_" + user.name}, user.id, hash, "", clock.now(), clock.now() + login_lifetime});
        });
        return secret;
    }
    net::Request with_cookie(const SecretText& secret) const {
        return {.method = "GET",
                .headers = {{"Cookie", "theme=dark; " + origin.cookie_name + "=" + secret.reveal()}}};
    }
    void deactivate(User user) {
        user.active = false;
        write([&](store::Tx& tx) { tx.update_user(user); });
    }

    VirtualClock clock{start_time};
    std::unique_ptr<store::Store> rows = store::open({}, clock);
    const Origin origin = make_origin("http://localhost:8080", "", "a1");
    User ada = make_user("ada");
    User root = make_user("root");
};

}  // namespace berth::auth
