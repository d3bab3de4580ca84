#include <sodium.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <mutex>

#include "auth/auth.hpp"
#include "crypto/random.hpp"

namespace berth::auth {
namespace {

std::string hash_now(const SecretText& password) {
    char hash[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str(hash, password.reveal().data(), password.reveal().size(),
                          crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
        throw Error(Kind::unavailable, "out_of_memory", "there is not enough memory to check a password",
                    "try again in a moment");
    return hash;
}

bool verify_now(const std::string& hash, const SecretText& password) {
    // The library reads a zero-terminated text of at most STRBYTES.
    return hash.size() < crypto_pwhash_STRBYTES &&
           crypto_pwhash_str_verify(hash.c_str(), password.reveal().data(), password.reveal().size()) == 0;
}

template <class T, class F>
Task<T> run(F work) {
    co_return work();
}

}  // namespace

struct Passwords::Pool {
    explicit Pool(int count) : threads(static_cast<std::size_t>(count)) {}

    /// What a password is compared with when there is none: a hash of the same cost that nothing matches.
    const std::string& stand_in() {
        std::call_once(made, [&] { hash = hash_now(crypto::random_secret()); });
        return hash;
    }

    std::once_flag made;
    std::string hash;
    asio::thread_pool threads;  // Last: its threads end before the rest does.
};

Passwords::Passwords(int threads) : pool_(std::make_unique<Pool>(threads)) {
    // Now, so that the first unknown name takes no longer than the second.
    asio::post(pool_->threads, [pool = pool_.get()] { pool->stand_in(); });
}

Passwords::~Passwords() {
    pool_->threads.join();
}

Task<std::string> Passwords::hash(SecretText password) {
    auto work = run<std::string>([password = std::move(password)] { return hash_now(password); });
    co_return co_await asio::co_spawn(pool_->threads, std::move(work), asio::use_awaitable);
}

Task<bool> Passwords::verify(std::optional<std::string> hash, SecretText password) {
    auto compare = [pool = pool_.get(), hash = std::move(hash), password = std::move(password)] {
        const bool same = verify_now(hash ? *hash : pool->stand_in(), password);
        return same && hash.has_value();
    };
    auto work = run<bool>(std::move(compare));
    co_return co_await asio::co_spawn(pool_->threads, std::move(work), asio::use_awaitable);
}

}  // namespace berth::auth
