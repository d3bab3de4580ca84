#include "store/postgres_message.hpp"

#include <gtest/gtest.h>

namespace berth::store {
namespace {

const std::string duplicate_text =
    "ERROR:  23505: duplicate key value violates unique constraint \"session_live_name\"\n"
    "DETAIL:  Key (user_id, name)=(usr_1, x)=(\nTABLE NAME:  fake) already exists.\n"
    "SCHEMA NAME:  public\nTABLE NAME:  session\nCONSTRAINT NAME:  session_live_name\n"
    "LOCATION:  _bt_check_unique, nbtinsert.c:666\n";

TEST(PostgresMessage, names_the_table_and_columns_whatever_a_user_has_written) {
    EXPECT_EQ(field_in(duplicate_text, "TABLE NAME"), "session");
    EXPECT_EQ(columns_in(duplicate_text, "session"), "session.user_id, session.name");
    EXPECT_EQ(field_in(duplicate_text, "COLUMN NAME"), "");
}

TEST(PostgresMessage, is_understood_in_other_languages) {
    EXPECT_EQ(
        columns_in("FEHLER:  23505: doppelter Schlüsselwert (x)\nDETAIL:  Schlüssel »(id)=(1)« existiert "
                   "bereits.\nTABLE NAME:  user\n",
                   "user"),
        "user.id");
}

TEST(PostgresMessage, without_a_detail_names_the_table) {
    EXPECT_EQ(columns_in("ERROR:  23505: duplicate (a)=(b)\n", "user"), "user");
    EXPECT_EQ(columns_in("", "user"), "user");
}

TEST(PostgresMessage, in_the_log_holds_no_values) {
    EXPECT_EQ(sentence_in(duplicate_text, "23505"),
              "ERROR:  23505: duplicate key value violates unique constraint \"session_live_name\"");
    EXPECT_EQ(sentence_in("ERROR:  22P02: invalid input syntax for type bigint: \"secret\"\n", "22P02"),
              "SQLSTATE 22P02");
}

}  // namespace
}  // namespace berth::store
