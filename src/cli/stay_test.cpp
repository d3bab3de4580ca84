#include "base/clock.hpp"
#include "cli/stage.hpp"

namespace berth::cli {
namespace {

using namespace std::chrono_literals;

class Staying : public Stage {
  protected:
    /// A session that stops in a while, of which people have heard.
    static json::object staying(Duration left) {
        auto seen = session("lab", "running", 6);
        seen["lastActive"] = {{"at", to_string(SystemClock().now() - 52min)}, {"source", "terminal"}};
        seen["stopsAt"] = {{"at", to_string(SystemClock().now() + left)},
                           {"what", "hibernated"},
                           {"reason", "idle"},
                           {"why", "1h without activity, the limit of the default quota"},
                           {"after", "1h"},
                           {"whose", "the default quota"},
                           {"warned", true}};
        seen["ladder"] = json::array{seen["stopsAt"]};
        return seen;
    }
    static json::object why(json::object session) {
        return {
            {"session", std::move(session)},
            {"sentence", "It hibernates in 8m30s: 1h without activity, the limit of the default quota."},
            {"limits",
             {{{"what", "hibernated"}, {"reason", "idle"}, {"after", "1h"}, {"whose", "the default quota"}},
              {{"what", "hibernated"}, {"reason", "lifetime"}, {"after", "8h"}, {"whose", "the template"}}}},
            {"warnBefore", "10m"},
            {"grace", "5m"},
            {"knownUntil", "2026-01-31T09:30:00.000Z"},
            {"history",
             {{{"sequence", 9},
               {"at", "2026-01-31T09:30:07.000Z"},
               {"class", "audit"},
               {"actor", "berth"},
               {"kind", "session.warned"},
               {"subjectKind", "session"},
               {"subject", "ses_lab"},
               {"data", {{"message", "1h without activity, the limit of the default quota"}}}}}},
            {"uncounted",
             {{{"what", "requests at /api/poll"},
               {"why", "the template says that nobody makes them"},
               {"times", 42},
               {"lastAt", to_string(SystemClock().now() - 2min - 5s)}}}}};
    }
};

TEST_F(Staying, is_explained_with_limits_and_history) {
    server.answer("GET /api/v1/sessions/lab/why", why(staying(8min + 30s)));
    EXPECT_EQ(
        berth({"why", "lab"}),
        (Outcome{
            0,
            "lab: It hibernates in 8m30s: 1h without activity, the limit of the default quota.\n"
            "\n"
            "last active    52 min ago (terminal)\n"
            "hibernates     in 8 min (1h without activity, the limit of the default quota)\n"
            "limits         hibernated after 1h without activity (the default quota); hibernated after 8h of "
            "running (the template)\n"
            "notice         people hear of it 10m before; 5m of grace after the limit\n"
            "\n"
            "NO USE                  TIMES   LAST        WHY\n"
            "requests at /api/poll   42      2 min ago   the template says that nobody makes them\n"
            "\n"
            "TIME (UTC)            WHO     WHAT             WHY\n"
            "2026-01-31 09:30:07   berth   session.warned   1h without activity, the limit of the "
            "default quota\n",
            ""}));
}

TEST_F(Staying, has_a_ladder) {
    auto seen = staying(8min + 30s);
    auto freezes = seen["stopsAt"].as_object();
    freezes["what"] = "frozen";
    freezes["at"] = to_string(SystemClock().now() + 3min + 30s);
    freezes["why"] = "5m without activity, the limit of the template";
    seen["ladder"].as_array().insert(seen["ladder"].as_array().begin(), freezes);
    server.answer("GET /api/v1/sessions/lab", seen);
    const auto page = berth({"get", "lab"}).out;
    EXPECT_NE(page.find("freezes      in 3 min (5m without activity, the limit of the template)\n"
                        "hibernates   in 8 min (1h without"),
              std::string::npos)
        << page;
}

TEST_F(Staying, without_a_limit_says_so) {
    json::object answer{{"session", session("lab", "running", 6)},
                        {"sentence", "It runs until somebody stops it: no limit is set for it."},
                        {"limits", json::array{}},
                        {"warnBefore", "10m"},
                        {"grace", "5m"},
                        {"history", json::array{}}};
    server.answer("GET /api/v1/sessions/lab/why", answer);
    EXPECT_EQ(berth({"why", "lab"}),
              (Outcome{0,
                       "lab: It runs until somebody stops it: no limit is set for it.\n\n"
                       "limits         none\n",
                       ""}));
}

TEST_F(Staying, is_made_longer) {
    server.answer("POST /api/v1/sessions/lab/extend", staying(1h + 30s));
    EXPECT_EQ(berth({"extend", "lab"}).out,
              "lab   hibernates in 1 h (1h without activity, the limit of the default quota)\n");
    server.answer("POST /api/v1/sessions/free/extend", session("free", "running", 6));
    EXPECT_EQ(berth({"extend", "free"}).out, "free  no limit is set: nothing stops it\n");
    server.answer("GET /api/v1/sessions/lab", staying(2s));
    EXPECT_NE(berth({"get", "lab"}).out.find("hibernates   any moment (1h without"), std::string::npos);
}

}  // namespace
}  // namespace berth::cli
