#include "store/store_fixture_test.hpp"

namespace berth::store {
namespace {

class Mirrors : public EveryStore {};
BERTH_EVERY_STORE(Mirrors);

Mirrored made(const std::string& row, const std::string& uid) {
    return {.noun = Noun::session,
            .row = row,
            .namespace_ = "berth-sessions",
            .name = "thesis",
            .uid = uid,
            .origin = Origin::kubectl,
            .generation = 3};
}

TEST_P(Mirrors, are_found_by_row_and_by_uid) {
    const auto one = made("ses_1", "u-1");
    write([&](Tx& tx) { tx.put_mirrored(one); });
    EXPECT_EQ(read([](Rows& rows) { return rows.find_mirrored(Noun::session, "ses_1"); }), one);
    EXPECT_EQ(read([](Rows& rows) { return rows.find_mirrored(Noun::workspace, "ses_1"); }), std::nullopt);
    EXPECT_EQ(read([](Rows& rows) { return rows.find_mirrored_by_uid("u-1"); }), one);
    EXPECT_EQ(read([](Rows& rows) { return rows.find_mirrored_by_uid("u-2"); }), std::nullopt);
}

TEST_P(Mirrors, are_one_for_a_row_and_one_for_a_resource) {
    write([](Tx& tx) { tx.put_mirrored(made("ses_1", "u-1")); });
    write([](Tx& tx) { tx.put_mirrored(made("ses_1", "u-2")); });
    EXPECT_EQ(read([](Rows& rows) { return rows.find_mirrored_by_uid("u-1"); }), std::nullopt);
    EXPECT_EQ(read([](Rows& rows) { return rows.find_mirrored(Noun::session, "ses_1")->uid; }), "u-2");
    EXPECT_EQ(code_of([&] { write([](Tx& tx) { tx.put_mirrored(made("ses_2", "u-2")); }); }),
              "already_exists");
    write([](Tx& tx) { tx.delete_mirrored(Noun::session, "ses_1"); });
    EXPECT_EQ(read([](Rows& rows) { return rows.find_mirrored(Noun::session, "ses_1"); }), std::nullopt);
}

TEST_P(Mirrors, are_read_in_pages) {
    write([](Tx& tx) {
        for (const auto* row : {"ses_2", "ses_1", "ses_3"})
            tx.put_mirrored(made(row, std::string("u-") + row));
        tx.put_mirrored({.noun = Noun::template_, .row = "terminal", .uid = "u-t"});
    });
    const auto page = [&](const std::string& after) {
        std::string rows_of;
        for (const auto& one : read([&](Rows& rows) { return rows.mirrored_after(Noun::session, after, 2); }))
            rows_of += one.row + " ";
        return rows_of;
    };
    EXPECT_EQ(page(""), "ses_1 ses_2 ");
    EXPECT_EQ(page("ses_2"), "ses_3 ");
    EXPECT_EQ(page("ses_3"), "");
}

}  // namespace
}  // namespace berth::store
