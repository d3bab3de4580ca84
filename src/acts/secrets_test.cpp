#include "acts/secrets.hpp"

#include "acts/secrets_fixture_test.hpp"

namespace berth::acts {
namespace {

TEST_F(Sealed, a_secret_is_read_by_who_has_the_keys_and_no_row_or_event_holds_it) {
    put("TOKEN", "hush-hush");
    EXPECT_EQ(read("TOKEN"), "hush-hush");
    write([](store::Tx& tx) {
        const auto row = tx.find_secret(ann.user, "TOKEN").value();
        EXPECT_EQ(json::write(json::to_json(row)).find("hush"), std::string::npos);
        for (const auto& event : tx.events_after(Caller::system(), 0, 100))
            EXPECT_EQ(json::write(json::to_json(event)).find("hush"), std::string::npos);
    });
}

TEST_F(Sealed, a_new_value_is_another_version_also_after_the_name_was_free) {
    const auto version = [&] {
        return write([](store::Tx& tx) { return version_of(tx.find_secret(ann.user, "TOKEN").value()); });
    };
    put("TOKEN", "one");
    const auto first = version();
    put("TOKEN", "two");
    const auto second = version();
    write([&](store::Tx& tx) { delete_secret(tx, ann, "TOKEN", now); });
    now += Duration(1);
    put("TOKEN", "three");
    EXPECT_NE(first, second);
    EXPECT_NE(first, version());
    EXPECT_EQ(read("TOKEN"), "three");
}

TEST_F(Sealed, names_are_those_of_variables_and_values_have_an_end) {
    const auto code = [&](const std::string& name, const std::string& value) {
        return refusal([&](store::Tx& tx) { put_secret(tx, keyring, ann, name, SecretText(value), now); });
    };
    for (const auto* name : {"", "1A", "A-B", "A B", "A=B", "../A", "BERTH_USER", "Ä", "A\n"})
        EXPECT_EQ(code(name, "x"), "invalid_field") << name;
    EXPECT_EQ(code(std::string(129, 'A'), "x"), "invalid_field");
    EXPECT_EQ(code("A", std::string(64 << 10, 'x')), "");
    EXPECT_EQ(code("A", std::string((64 << 10) + 1, 'x')), "too_large");
    EXPECT_EQ(code("A", std::string("a\0b", 3)), "invalid_field");
    for (int number = 0; number < 99; ++number) EXPECT_EQ(code("S" + std::to_string(number), "x"), "");
    EXPECT_EQ(code("ONE_MORE", "x"), "quota_exceeded");
    EXPECT_EQ(code("A", "a known one may change"), "");
}

TEST_F(Sealed, what_is_not_there_or_anothers_is_not_deleted) {
    put("TOKEN", "x", bob);
    EXPECT_EQ(refusal([&](store::Tx& tx) { delete_secret(tx, ann, "TOKEN", now); }), "not_found");
    EXPECT_EQ(read("TOKEN", bob), "x");
}

TEST_F(Sealed, a_ciphertext_that_was_swapped_between_users_or_names_or_cut_does_not_open) {
    put("TOKEN", "anns");
    put("TOKEN", "bobs", bob);
    put("OTHER", "other");
    const auto opens_with = [&](const std::string& sealed) {
        return refusal([&](store::Tx& tx) {
            auto row = tx.find_secret(ann.user, "TOKEN").value();
            row.sealed = sealed;
            open_secret(tx, keyring, row);
        });
    };
    const auto sealed_of = [&](const Caller& who, const std::string& name) {
        return write([&](store::Tx& tx) { return tx.find_secret(who.user, name).value().sealed; });
    };
    const auto own = sealed_of(ann, "TOKEN");
    EXPECT_EQ(opens_with(own), "");
    EXPECT_EQ(opens_with(sealed_of(bob, "TOKEN")), "sealed_damaged");
    EXPECT_EQ(opens_with(sealed_of(ann, "OTHER")), "sealed_damaged");
    EXPECT_EQ(opens_with(own.substr(0, own.size() - 4)), "sealed_damaged");
    EXPECT_EQ(opens_with(""), "sealed_damaged");
}

TEST_F(Sealed, another_master_key_locks_and_the_right_one_opens_again) {
    put("TOKEN", "x");
    const auto other =
        write([&](store::Tx& tx) { return unlock(tx, crypto::FernetKey::random(), "in x", now); });
    ASSERT_NE(other.locked_because(), nullptr);
    EXPECT_EQ(other.locked_because()->code, "keys_unavailable");
    EXPECT_EQ(other.locked_because()->kind, Kind::unavailable);
    EXPECT_EQ(refusal([&](store::Tx& tx) { put_secret(tx, other, ann, "A", SecretText("x"), now); }),
              "keys_unavailable");
    EXPECT_EQ(refusal([&](store::Tx& tx) { rotate_keys(tx, other, ann, now); }), "keys_unavailable");
    keyring = write([&](store::Tx& tx) { return unlock(tx, master, "in x", now); });
    EXPECT_EQ(read("TOKEN"), "x");
}

TEST_F(Sealed, a_rotation_seals_everything_anew_and_drops_the_old_key) {
    put("A", "one");
    put("B", "two", bob);
    const std::string content(part_bytes + 10, 'x');
    upload("data/x", content);
    upload("empty", "");
    const auto keys = [&] { return write([](store::Tx& tx) { return tx.sealing_keys(); }); };
    const auto old = keys().front().id;
    write([&](store::Tx& tx) { rotate_keys(tx, keyring, ann, now); });
    put("A", "three");
    EXPECT_FALSE(write([&](store::Tx& tx) { return drop_unused_keys(tx, now + std::chrono::hours(1)); }))
        << "something is still under it";
    for (;;) {
        const auto some = write([&](store::Tx& tx) { return reseal_some(tx, keyring, now); });
        if (some.empty()) break;
        write([&](store::Tx& tx) { write_resealed(tx, some); });
    }
    EXPECT_EQ(write([&](store::Tx& tx) { return tx.count_sealed(old); }), 0);
    EXPECT_EQ(read("A"), "three");
    EXPECT_EQ(read("B", bob), "two");
    EXPECT_EQ(content_of("data/x"), content);
    EXPECT_FALSE(write([&](store::Tx& tx) { return drop_unused_keys(tx, now); }))
        << "what is being sealed under it now is still to come";
    EXPECT_TRUE(write([&](store::Tx& tx) { return drop_unused_keys(tx, now + std::chrono::minutes(1)); }));
    ASSERT_EQ(keys().size(), 1U);
    EXPECT_NE(keys().front().id, old);
}

TEST_F(Sealed, what_changes_while_it_is_sealed_anew_keeps_its_new_value) {
    put("A", "before");
    write([&](store::Tx& tx) { rotate_keys(tx, keyring, ann, now); });
    const auto some = write([&](store::Tx& tx) { return reseal_some(tx, keyring, now); });
    ASSERT_FALSE(some.empty());
    put("A", "after");
    write([&](store::Tx& tx) { write_resealed(tx, some); });
    EXPECT_EQ(read("A"), "after");
    write([&](store::Tx& tx) { delete_secret(tx, ann, "A", now); });
    write([&](store::Tx& tx) { write_resealed(tx, some); });
    EXPECT_FALSE(write([&](store::Tx& tx) { return tx.find_secret(ann.user, "A"); }));
}

TEST_F(Sealed, one_damaged_row_keeps_no_other_from_the_new_key) {
    put("A", "fine");
    put("B", "damaged");
    write([&](store::Tx& tx) {
        auto row = tx.find_secret(ann.user, "B").value();
        row.sealed = "gone";
        tx.put_secret(row);
        rotate_keys(tx, keyring, ann, now);
    });
    const auto some = write([&](store::Tx& tx) { return reseal_some(tx, keyring, now); });
    ASSERT_EQ(some.secrets.size(), 1U);
    write([&](store::Tx& tx) { write_resealed(tx, some); });
    EXPECT_TRUE(write([&](store::Tx& tx) { return reseal_some(tx, keyring, now); }).empty());
    EXPECT_FALSE(write([&](store::Tx& tx) { return drop_unused_keys(tx, now + std::chrono::hours(1)); }));
}

}  // namespace
}  // namespace berth::acts
