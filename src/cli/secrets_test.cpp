#include <fstream>

#include "cli/stage.hpp"

namespace berth::cli {
namespace {

class Secrets : public Stage {
  protected:
    Secrets() {
        const json::object secret{{"name", "TOKEN"},
                                  {"version", 1},
                                  {"createdAt", "2026-03-01T09:00:00Z"},
                                  {"updatedAt", "2026-03-01T09:00:00Z"}};
        server.answer("PUT /api/v1/users/me/secrets/TOKEN", secret);
        server.answer("DELETE /api/v1/users/me/secrets/TOKEN", Canned{204, "", {}});
    }
    /// What was sent as its value.
    std::string sent() {
        return std::string(json::parse(server.arrived().back().body).at("value").as_string());
    }
};

TEST_F(Secrets, a_value_comes_in_and_is_never_an_argument_nor_printed) {
    EXPECT_EQ(berth({"secrets", "set", "TOKEN"}, "hush\n"), (Outcome{0, "TOKEN  set\n", ""}));
    EXPECT_EQ(sent(), "hush");
    EXPECT_EQ(berth({"secrets", "set", "TOKEN", "hush"}).status, 2);
    EXPECT_EQ(server.arrived().size(), 1U);
}

TEST_F(Secrets, a_value_from_a_file_is_taken_as_it_is) {
    const auto path = home + "/value";
    std::ofstream(path) << "hush\n\n";
    EXPECT_EQ(berth({"secrets", "set", "TOKEN", "--from-file", path}).status, 0);
    EXPECT_EQ(sent(), "hush\n\n");
    EXPECT_EQ(berth({"secrets", "set", "TOKEN", "--from-file", path + "-not"}).status, 1);
    EXPECT_EQ(berth({"secrets", "set", "TOKEN", "--from-file", "-"}, "in\n").status, 0);
    EXPECT_EQ(sent(), "in\n");
}

TEST_F(Secrets, an_empty_value_is_not_sent) {
    const auto said = berth({"secrets", "set", "TOKEN"}, "\n");
    EXPECT_EQ(said.status, 1);
    EXPECT_NE(said.err.find("berth secrets rm TOKEN"), std::string::npos) << said.err;
    EXPECT_TRUE(server.arrived().empty());
}

TEST_F(Secrets, a_deletion_needs_a_yes_where_nobody_can_be_asked) {
    const auto refused = berth({"secrets", "rm", "TOKEN"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_NE(refused.err.find("berth secrets rm -y TOKEN"), std::string::npos) << refused.err;
    EXPECT_EQ(berth({"secrets", "rm", "-y", "TOKEN"}), (Outcome{0, "TOKEN  deleted\n", ""}));
}

json::object keys(std::int64_t left) {
    const json::object old{{"id", "key_1"},
                           {"createdAt", "2026-03-01T09:00:00Z"},
                           {"retiredAt", "2026-03-01T10:00:00Z"},
                           {"sealed", left}};
    const json::object now{{"id", "key_2"}, {"createdAt", "2026-03-01T10:00:00Z"}, {"sealed", 5 - left}};
    return {{"items", json::array{old, now}}, {"rotating", true}};
}

TEST_F(Secrets, a_rotation_is_waited_for_until_nothing_is_under_the_old_key) {
    server.answer("POST /api/v1/admin/keys/rotate", keys(5), 202);
    server.answer("GET /api/v1/admin/keys", keys(2));
    server.answer("GET /api/v1/admin/keys", keys(0));
    EXPECT_EQ(berth({"keys", "rotate"}), (Outcome{0, "rotated: everything is sealed under the new key\n",
                                                  "left to seal anew: 5\nleft to seal anew: 2\n"}));
    EXPECT_EQ(berth({"keys", "rotate", "--no-wait"}), (Outcome{0, "rotating: see berth keys ls\n", ""}));
}

class Launching : public Stage {
  protected:
    Launching() {
        server.answer("POST /api/v1/sessions", problem(409, "consent_needed", "it asks for TOKEN", "agree"));
        server.answer("POST /api/v1/sessions", session("lab", "pending", 1), 201);
        const auto need = [](const char* name, bool there, bool agreed) {
            return json::object{{"name", name}, {"required", false}, {"there", there}, {"agreed", agreed}};
        };
        server.answer(
            "GET /api/v1/templates/ide/needs",
            json::object{{"items", json::array{need("TOKEN", true, false), need("NONE", false, false),
                                               need("OLD", true, true), need("files/", true, false)}}});
    }
};

TEST_F(Launching, what_a_template_asks_for_is_given_by_a_yes_and_only_what_is_open) {
    EXPECT_EQ(berth({"launch", "ide", "-y"}).status, 0);
    const auto sent = json::parse(server.arrived().back().body);
    EXPECT_EQ(sent.at("consent"), (json::array{"TOKEN", "files/"}));
}

TEST_F(Launching, without_a_terminal_and_a_yes_the_servers_words_are_said) {
    const auto refused = berth({"launch", "ide"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_NE(refused.err.find("it asks for TOKEN"), std::string::npos) << refused.err;
}

TEST_F(Launching, on_a_terminal_it_is_asked) {
    in_terminal = true;
    const auto said = berth({"launch", "ide"}, "n\n");
    EXPECT_EQ(said.status, 1);
}

class Uploads : public Stage {
  protected:
    Uploads() {
        const json::object file{{"path", "data/a b"},
                                {"size", "3"},
                                {"type", "application/octet-stream"},
                                {"sha256", ""},
                                {"createdAt", "2026-03-01T09:00:00Z"}};
        server.answer("PUT /api/v1/users/me/files/data/a%20b", file);
        server.answer("GET /api/v1/users/me/files",
                      json::object{{"items", json::array{file}},
                                   {"total", 1},
                                   {"used", "3"},
                                   {"limits", json::object{{"each", "4"}, {"together", "8"}}}});
        server.answer("GET /api/v1/users/me/files/data/a%20b", Canned{200, "abc", {}});
    }
};

TEST_F(Uploads, a_file_goes_to_its_path_and_comes_back_whole) {
    const auto local = home + "/local";
    std::ofstream(local) << "abc";
    EXPECT_EQ(berth({"files", "put", local, "data/a b"}), (Outcome{0, "data/a b  uploaded\n", ""}));
    EXPECT_EQ(server.arrived().back().body, "abc");
    EXPECT_EQ(berth({"files", "get", "data/a b", "-"}).out, "abc");
    EXPECT_EQ(berth({"files", "get", "data/a b", home + "/back"}).status, 0);
    std::ifstream back(home + "/back");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(back), {}), "abc");
}

TEST_F(Uploads, what_is_too_large_is_not_sent) {
    const auto local = home + "/local";
    std::ofstream(local) << "abcde";
    const auto said = berth({"files", "put", local, "data/a b"});
    EXPECT_EQ(said.status, 1);
    EXPECT_NE(said.err.find("at most 4"), std::string::npos) << said.err;
    EXPECT_EQ(server.arrived().size(), 1U);
}

}  // namespace
}  // namespace berth::cli
