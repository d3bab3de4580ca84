#include "engine/kubernetes/logs.hpp"

#include <gtest/gtest.h>

#include "imposters/kubernetes/harness.hpp"

namespace berth::engine::kubernetes {
namespace {

TEST(KubernetesLogs, a_line_has_its_time_in_front_or_none) {
    const auto line = read_log_line("2026-01-31T09:30:00.123456789Z hello world");
    EXPECT_EQ(line.at, parse_time("2026-01-31T09:30:00.123Z"));
    EXPECT_EQ(line.text, "hello world");
    for (const char* text : {"hello", "", " ", "hello-this-is-not-a-time but text", "2026-01-31T09:30:00Z"}) {
        EXPECT_EQ(read_log_line(text).at, std::nullopt) << text;
        EXPECT_EQ(read_log_line(text).text, text);
    }
    EXPECT_EQ(read_log_line("2026-01-31T09:30:00Z ").text, "");
}

class KubernetesLog : public ::testing::Test {
  protected:
    KubernetesLog()
        : client({.address = harness.server.address()}, {}, harness.clock, harness.io.get_executor()) {}

    std::vector<std::string> read(std::size_t most = 100) {
        std::vector<std::string> lines;
        auto take = [&lines, most](LogLine line) { return keep(lines, std::move(line.text), most); };
        harness.run(read_log(client, {"a", "x"}, "ide", {.component = "ide", .tail = 7}, take));
        return lines;
    }
    static Task<bool> keep(std::vector<std::string>& lines, std::string text, std::size_t most) {
        lines.push_back(std::move(text));
        co_return lines.size() < most;
    }
    void say(std::vector<std::string> pieces) {
        harness.server.script = [this, pieces](const imposter::HttpRequest& request) {
            asked = request.head.substr(0, request.head.find(" HTTP"));
            std::vector<std::string> all{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"};
            for (const auto& piece : pieces) all.push_back(imposter::http_chunk(piece));
            all.emplace_back("0\r\n\r\n");
            return std::optional(all);
        };
    }

    imposter::Harness harness;
    kube::Client client;
    std::string asked;
};

TEST_F(KubernetesLog, lines_are_whole_however_they_come) {
    say({"one\ntw", "o\n", "\nrest"});
    EXPECT_EQ(read(), (std::vector<std::string>{"one", "two", "", "rest"}));
    EXPECT_EQ(asked, "GET /api/v1/namespaces/a/pods/x/log?container=ide&timestamps=true&tailLines=7");
}

TEST_F(KubernetesLog, who_has_enough_hears_no_more) {
    say({"one\ntwo\nthree\n"});
    EXPECT_EQ(read(2), (std::vector<std::string>{"one", "two"}));
}

TEST_F(KubernetesLog, a_line_without_end_comes_in_parts) {
    say({std::string(20'000, 'x'), std::string(20'000, 'y') + "\nend\n"});
    const auto lines = read();
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[0], std::string(20'000, 'x'));
    EXPECT_EQ(lines[1], std::string(20'000, 'y'));
    EXPECT_EQ(lines[2], "end");
}

TEST_F(KubernetesLog, none_at_all_is_no_line) {
    say({});
    EXPECT_EQ(read(), std::vector<std::string>());
}

}  // namespace
}  // namespace berth::engine::kubernetes
