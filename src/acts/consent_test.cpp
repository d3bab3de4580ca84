#include "acts/consent.hpp"

#include "acts/launch.hpp"
#include "acts/secrets_fixture_test.hpp"
#include "acts/vault.hpp"

namespace berth::acts {
namespace {

/// A template that has to have TOKEN, may have OTHER and a file of it, and shows uploads.
TemplateSpec wanting() {
    TemplateSpec spec;
    spec.components = {{.name = "ide",
                        .image = "ide:1",
                        .secrets = {{.name = "TOKEN", .required = true}, {.name = "OTHER"}},
                        .files = {{.path = "/etc/other", .secret = "OTHER"}},
                        .user_files = UserFiles{.path = "/uploads"}}};
    return spec;
}

class Consenting : public Sealed {
  protected:
    Consenting() {
        write([&](store::Tx& tx) {
            tx.insert_revision({.name = "ide", .spec = wanting(), .created_at = now, .updated_at = now});
        });
    }
    Session start(std::vector<std::string> consent = {}) {
        return write([&](store::Tx& tx) {
            return launch(tx, {.user = ann.user,
                               .actor = "ann",
                               .wish = {.template_ = "ide", .consent = std::move(consent)},
                               .engine = "sim",
                               .now = now});
        });
    }
    std::string words(std::vector<std::string> consent = {}) {
        try {
            start(std::move(consent));
        } catch (const Error& error) {
            return error.code + ": " + error.user + " | " + error.next;
        }
        return "launched";
    }
    Handover deliver(const Session& session) {
        const std::vector<SecretRef> refs{{SecretAs::env, "TOKEN", "TOKEN"},
                                          {SecretAs::env, "OTHER", "OTHER"},
                                          {SecretAs::env, "UNASKED", "UNASKED"},
                                          {SecretAs::file, "OTHER", "/etc/other"},
                                          {SecretAs::user_files, "", "/uploads"}};
        return run(vault.deliver(session.id, refs));
    }
    Vault vault{*store_, keyring};
};

TEST_F(Consenting, a_required_secret_that_is_missing_is_named_with_the_way_to_set_it) {
    EXPECT_EQ(
        words(),
        "secret_missing: template \"ide\" needs your secret TOKEN, which you have not set | set it under "
        "Settings, Secrets, or with: berth secrets set TOKEN");
}

TEST_F(Consenting, the_first_use_of_each_thing_is_asked_for_and_later_ones_are_not) {
    put("TOKEN", "t");
    put("OTHER", "o");
    EXPECT_EQ(words(),
              "consent_needed: template \"ide\" asks for secret OTHER, secret TOKEN, and you have not agreed "
              "yet | launch with consent: [OTHER, TOKEN] to agree, or with berth launch -y");
    EXPECT_EQ(words({"TOKEN"}),
              "consent_needed: template \"ide\" asks for secret OTHER, and you have not agreed yet | launch "
              "with consent: [OTHER] to agree, or with berth launch -y");
    EXPECT_EQ(words({"TOKEN"}).substr(0, 14), "consent_needed") << "a refused launch agrees to nothing";
    EXPECT_EQ(words({"TOKEN", "OTHER"}), "launched");
    EXPECT_EQ(words(), "launched");
    upload("a.csv", "1");
    EXPECT_EQ(words().substr(0, 60), "consent_needed: template \"ide\" asks for your uploaded files,");
    EXPECT_EQ(words({"files/"}), "launched");
    EXPECT_EQ(words({"PATH"}), "invalid_field: consent: template \"ide\" does not ask for \"PATH\" | ");
}

TEST_F(Consenting, a_new_revision_that_wants_more_asks_again) {
    put("TOKEN", "t");
    put("MORE", "m");
    EXPECT_EQ(words({"TOKEN"}), "launched");
    write([&](store::Tx& tx) {
        auto spec = wanting();
        spec.components.front().secrets.push_back({.name = "MORE"});
        tx.insert_revision(
            {.name = "ide", .revision = 2, .spec = spec, .created_at = now, .updated_at = now});
    });
    EXPECT_EQ(words().substr(0, 54), "consent_needed: template \"ide\" asks for secret MORE, a");
}

TEST_F(Consenting, a_session_gets_what_its_user_agreed_to_and_its_template_asks_for) {
    put("TOKEN", "t");
    put("OTHER", "o");
    put("UNASKED", "u");
    upload("in/a.csv", "1,2");
    const auto session = start({"TOKEN", "OTHER", "files/"});
    const auto given = deliver(session);
    ASSERT_EQ(given.env.size(), 2U);
    EXPECT_EQ(given.env.at("TOKEN").reveal(), "t");
    EXPECT_EQ(given.env.at("OTHER").reveal(), "o");
    ASSERT_EQ(given.files.size(), 2U);
    EXPECT_EQ(given.files[0].path, "/etc/other");
    EXPECT_EQ(given.files[0].content.reveal(), "o");
    EXPECT_EQ(given.files[1].path, "/uploads/in/a.csv");
    EXPECT_EQ(run(vault.part(given.files[1].upload, 0)).reveal(), "1,2");
}

TEST_F(Consenting, what_is_taken_back_or_deleted_is_given_out_no_more) {
    put("TOKEN", "t");
    put("OTHER", "o");
    const auto session = start({"TOKEN", "OTHER"});
    write([&](store::Tx& tx) { delete_secret(tx, ann, "OTHER", now); });
    EXPECT_EQ(deliver(session).env.size(), 1U);
    write([&](store::Tx& tx) { withdraw(tx, ann, "ide", now); });
    EXPECT_TRUE(deliver(session).env.empty());
    EXPECT_EQ(refusal([&](store::Tx& tx) { withdraw(tx, ann, "ide", now); }), "not_found");
}

TEST_F(Consenting, a_session_that_is_gone_or_whose_user_is_out_gets_nothing) {
    put("TOKEN", "t");
    const auto session = start({"TOKEN"});
    write([&](store::Tx& tx) {
        auto user = tx.get_user(ann.user);
        user.active = false;
        tx.update_user(user);
    });
    EXPECT_THROW(deliver(session), Error);
    EXPECT_THROW(run(vault.deliver({"ses_none"}, {})), Error);
}

TEST_F(Consenting, versions_follow_what_is_there) {
    put("TOKEN", "t");
    start({"TOKEN", "files/"});
    const auto granted = [&] {
        return write([&](store::Tx& tx) { return granted_to(tx, ann.user, "ide", wanting()); });
    };
    const auto before = granted();
    EXPECT_EQ(before.secrets.size(), 1U);
    ASSERT_TRUE(before.files);
    put("TOKEN", "u");
    upload("a", "x");
    const auto after = granted();
    EXPECT_NE(before.secrets, after.secrets);
    EXPECT_NE(before.files, after.files);
    put("OTHER", "o");
    EXPECT_EQ(granted().withheld, std::vector<std::string>{"OTHER"});
    write([&](store::Tx& tx) { delete_secret(tx, ann, "TOKEN", now); });
    EXPECT_EQ(granted().missing, std::vector<std::string>{"TOKEN"});
    put("TOKEN", "t");
    EXPECT_TRUE(granted().missing.empty());
    write([&](store::Tx& tx) { withdraw(tx, ann, "ide", now); });
    EXPECT_EQ(granted().missing, std::vector<std::string>{"TOKEN"});
}

}  // namespace
}  // namespace berth::acts
