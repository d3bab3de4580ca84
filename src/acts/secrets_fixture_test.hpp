#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "acts/secrets.hpp"
#include "acts/user_files.hpp"
#include "base/clock.hpp"

namespace berth::acts {

/// Two people, a store in memory and a keyring that is open.
class Sealed : public ::testing::Test {
  protected:
    Sealed() {
        write([](store::Tx& tx) {
            for (const auto* name : {"ann", "bob"})
                tx.insert_user({.id = {std::string("usr_") + name}, .name = name, .display_name = name});
        });
        keyring = write([this](store::Tx& tx) { return unlock(tx, master, "in a test", now); });
    }

    template <class T>
    T run(Task<T> task) {
        asio::io_context loop;
        auto done = asio::co_spawn(loop, std::move(task), asio::use_future);
        loop.run();
        return done.get();
    }
    template <class F>
    std::invoke_result_t<F, store::Tx&> write(F work) {
        return run(store_->write(std::move(work)));
    }
    /// The code of the failure, or nothing.
    template <class F>
    std::string refusal(F work) {
        try {
            write(std::move(work));
        } catch (const Error& error) {
            return error.code;
        }
        return {};
    }
    void put(const std::string& name, const std::string& value, const Caller& who = ann) {
        write([&](store::Tx& tx) { put_secret(tx, keyring, who, name, SecretText(value), now); });
    }
    std::string read(const std::string& name, const Caller& who = ann) {
        return write([&](store::Tx& tx) {
            return open_secret(tx, keyring, tx.find_secret(who.user, name).value()).reveal();
        });
    }
    UserFile upload(const std::string& path, const std::string& content, const Caller& who = ann) {
        return write([&](store::Tx& tx) {
            auto file = begin_upload(tx, who, path, "text/plain", limits, now);
            for (std::size_t at = 0, number = 0; at < content.size(); at += part_bytes, ++number) {
                const bool last = at + part_bytes >= content.size();
                const SecretText bytes(content.substr(at, part_bytes));
                add_part(tx, seal_part(tx, keyring, file, static_cast<int>(number), last, bytes, now));
            }
            file.size = Bytes{static_cast<std::int64_t>(content.size())};
            return finish_upload(tx, who, file, limits, now);
        });
    }
    std::string content_of(const std::string& path, const Caller& who = ann) {
        return write([&](store::Tx& tx) {
            const auto file = get_user_file(tx, who.user, path);
            std::string all;
            for (int number = 0; number < parts_of(file); ++number)
                all += open_part(tx, keyring, file, number).reveal();
            return all;
        });
    }

    static inline const Caller ann{.user = {"usr_ann"}, .name = "ann"};
    static inline const Caller bob{.user = {"usr_bob"}, .name = "bob"};
    Time now{std::chrono::hours(500'000)};
    VirtualClock clock_{now};
    std::unique_ptr<store::Store> store_ = store::open({}, clock_);
    crypto::FernetKey master = crypto::FernetKey::random();
    Keyring keyring;
    FileLimits limits;
};

}  // namespace berth::acts
