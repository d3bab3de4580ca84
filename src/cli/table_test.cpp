#include "cli/table.hpp"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

Table sessions() {
    return {{"NAME", "TEMPLATE", "STATE"},
            {{"lab", "desktop", Cell("running", state_paint("running"))},
             {"Jürgens-実験", "notebook", Cell("failed", state_paint("failed"))},
             {"notes", "", "hibernated"}}};
}

TEST(Table, aligns_by_the_width_that_names_take) {
    EXPECT_EQ(render(sessions(), Colour::never),
              "NAME           TEMPLATE   STATE\n"
              "lab            desktop    running\n"
              "Jürgens-実験   notebook   failed\n"
              "notes          –          hibernated\n");
}

TEST(Table, colours_only_when_told_to) {
    const auto text = render(sessions(), Colour::always);
    EXPECT_NE(text.find("desktop    \x1b[32mrunning\x1b[0m\n"), std::string::npos) << text;
    EXPECT_NE(text.find("notebook   \x1b[31mfailed\x1b[0m\n"), std::string::npos) << text;
}

TEST(Table, without_rows_is_its_header) {
    EXPECT_EQ(render({{"NAME", "TEMPLATE"}, {}}, Colour::never), "NAME   TEMPLATE\n");
}

TEST(Table, shows_no_control_characters_of_others) {
    EXPECT_EQ(render({{"NAME"}, {{"a\x1b[31m\nb"}}}, Colour::always), "NAME\na?[31m?b\n");
}

}  // namespace
}  // namespace berth::cli
