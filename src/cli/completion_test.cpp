#include "cli/completion.hpp"

#include "cli/stage.hpp"

namespace berth::cli {
namespace {

class Completion : public Stage {
  protected:
    std::string complete(std::vector<std::string> words) {
        words.insert(words.begin(), {"__complete", "--"});
        const auto shown = berth(words);
        EXPECT_EQ(shown.status, 0) << shown.err;
        return shown.out;
    }
};

TEST_F(Completion, offers_verbs_options_and_fixed_values) {
    EXPECT_EQ(complete({"la"}), "launch\n");
    EXPECT_EQ(complete({"templates", "s"}), "show\n");
    EXPECT_EQ(complete({"launch", "x", "--wa"}), "--wait\n");
    EXPECT_EQ(complete({"ls", "-o", "j"}), "json\n");
    EXPECT_EQ(complete({"completion", ""}), "bash\nzsh\nfish\n");
    EXPECT_EQ(complete({"templates", "apply", "-f", ""}), ":files\n");
    EXPECT_EQ(complete({"__c"}), "");
}

TEST_F(Completion, offers_names_that_the_server_knows) {
    server.answer("GET /api/v1/sessions?limit=100",
                  list({session("lab", "running", 6), session("notes", "running", 6)}));
    server.answer("GET /api/v1/templates?limit=100", list({json::object{{"name", "desktop"}}}));
    EXPECT_EQ(complete({"open", ""}), "lab\nnotes\n");
    EXPECT_EQ(complete({"rm", "lab", "n"}), "notes\n");
    EXPECT_EQ(complete({"get", "lab", ""}), "");
    EXPECT_EQ(complete({"launch", ""}), "desktop\n");
    EXPECT_EQ(complete({"--url", server.url(), "exec", "--tty", "l"}), "lab\n");
}

TEST_F(Completion, is_silent_when_no_server_answers) {
    environment["BERTH_URL"] = "http://localhost:1";
    EXPECT_EQ(complete({"open", ""}), "");
}

TEST_F(Completion, prints_a_script_for_each_shell) {
    for (const auto* shell : {"bash", "zsh", "fish"})
        EXPECT_NE(completion_script(shell).find("__complete"), std::string::npos) << shell;
    EXPECT_EQ(berth({"completion", "csh"}).status, 2);
}

}  // namespace
}  // namespace berth::cli
