#include "store/store_fixture_test.hpp"

namespace berth::store {
namespace {

class Secrets : public EveryStore {
  protected:
    void SetUp() override {
        EveryStore::SetUp();
        write([&](Tx& tx) {
            tx.insert_sealing_key(old_key);
            tx.insert_sealing_key(new_key);
        });
    }
    UserSecret secret(const std::string& name) const {
        return {.user = ada.id, .name = name, .key = old_key.id, .sealed = "gAAA", .created_at = start_time};
    }
    UserFile file(const std::string& id, bool complete) const {
        return {.id = {id},
                .user = ada.id,
                .path = "Grüße/notes.txt",
                .size = Bytes{5},
                .complete = complete,
                .created_at = start_time};
    }

    SealingKey old_key{.id = {"key_1"}, .sealed = "a", .created_at = at(1)};
    SealingKey new_key{.id = {"key_2"}, .sealed = "b", .created_at = at(2)};
};
BERTH_EVERY_STORE(Secrets);

TEST_P(Secrets, are_replaced_by_name_and_never_anothers) {
    auto token = secret("TOKEN");
    write([&](Tx& tx) { tx.put_secret(token); });
    token.version = 2;
    token.key = new_key.id;
    write([&](Tx& tx) {
        tx.put_secret(token);
        tx.put_secret(secret("B"));
    });
    EXPECT_EQ(read([&](Rows& rows) { return rows.secrets_of(ada.id); }), (std::vector{secret("B"), token}));
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_secret(bob.id, "TOKEN"); }), std::nullopt);
    EXPECT_EQ(read([&](Rows& rows) { return rows.secrets_under(new_key.id, 10); }), std::vector{token});
    EXPECT_FALSE(write([&](Tx& tx) { return tx.delete_secret(bob.id, "TOKEN"); }));
    EXPECT_TRUE(write([&](Tx& tx) { return tx.delete_secret(ada.id, "TOKEN"); }));
}

TEST_P(Secrets, keep_their_key_for_as_long_as_one_is_under_it) {
    write([&](Tx& tx) { tx.put_secret(secret("A")); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.count_sealed(old_key.id); }), 1);
    EXPECT_EQ(code_of([&] { write([&](Tx& tx) { tx.delete_sealing_key(old_key.id); }); }),
              "reference_missing");
    old_key.retired_at = at(9);
    write([&](Tx& tx) {
        tx.update_sealing_key(old_key);
        tx.delete_secret(ada.id, "A");
    });
    EXPECT_EQ(read([](Rows& rows) { return rows.sealing_keys(); }), (std::vector{old_key, new_key}));
    write([&](Tx& tx) { tx.delete_sealing_key(old_key.id); });
    EXPECT_EQ(read([](Rows& rows) { return rows.sealing_keys(); }), std::vector{new_key});
}

TEST_P(Secrets, an_upload_is_not_seen_before_it_is_whole) {
    const UserFilePart part{.file = {"ufl_1"}, .number = 0, .key = old_key.id, .sealed = "gAAB"};
    write([&](Tx& tx) {
        tx.insert_user_file(file("ufl_1", false));
        tx.put_user_file_part(part);
        tx.put_user_file_part(part);
    });
    EXPECT_EQ(read([&](Rows& rows) { return rows.user_files_of(ada.id); }), std::vector<UserFile>{});
    EXPECT_EQ(read([](Rows& rows) { return rows.unfinished_user_files(at(1)); }),
              std::vector{file("ufl_1", false)});
    EXPECT_EQ(read([](Rows& rows) { return rows.unfinished_user_files(start_time); }),
              std::vector<UserFile>{});
    EXPECT_EQ(read([&](Rows& rows) { return rows.count_sealed(old_key.id); }), 1);
    write([&](Tx& tx) { tx.update_user_file(file("ufl_1", true)); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.find_user_file(ada.id, "Grüße/notes.txt"); }),
              file("ufl_1", true));
    EXPECT_EQ(read([](Rows& rows) { return rows.find_user_file_part({"ufl_1"}, 0); }), part);
    EXPECT_EQ(read([&](Rows& rows) { return rows.user_file_parts_under(old_key.id, 10); }),
              std::vector{part});
    write([](Tx& tx) { tx.delete_user_file({"ufl_1"}); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.count_sealed(old_key.id); }), 0);
}

TEST_P(Secrets, consent_is_given_once_and_taken_back) {
    const Consent one{.user = ada.id, .template_ = "terminal", .secret = "TOKEN", .given_at = at(1)};
    const Consent files{.user = ada.id, .template_ = "terminal", .given_at = at(1)};
    write([&](Tx& tx) {
        tx.put_consent(one);
        tx.put_consent(one);
        tx.put_consent(files);
    });
    EXPECT_EQ(read([&](Rows& rows) { return rows.consents_of(ada.id); }), (std::vector{files, one}));
    write([&](Tx& tx) { tx.delete_consent(ada.id, "terminal", "TOKEN"); });
    EXPECT_EQ(read([&](Rows& rows) { return rows.consents_of(ada.id); }), std::vector{files});
    EXPECT_EQ(read([&](Rows& rows) { return rows.consents_of(bob.id); }), std::vector<Consent>{});
}

}  // namespace
}  // namespace berth::store
