#include "init/request.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

namespace berth::init {
namespace {

using namespace std::string_literals;

struct Read {
    int error = 0;
    std::unique_ptr<Request> request = std::make_unique<Request>();
};

Read read(char kind, const std::string& payload) {
    Read result;
    result.error = read_request({kind, payload}, *result.request).error;
    return result;
}

std::vector<std::string> words(char* const* list) {
    std::vector<std::string> all;
    for (; *list != nullptr; ++list) all.emplace_back(*list);
    return all;
}

using Words = std::vector<std::string>;

TEST(Request, a_dial_names_a_port) {
    EXPECT_EQ(read('D', "8080").request->port, 8080);
    EXPECT_EQ(read('D', "65535").error, 0);
    for (const auto* wrong : {"", "0", "65536", "http", "80 ", "-1"})
        EXPECT_EQ(read('D', wrong).error, EINVAL);
}

TEST(Request, reaching_names_an_address_of_either_family_and_a_port) {
    const auto four = read('R',
                           "198.18.0.7\0"
                           "8081"s);
    ASSERT_EQ(four.error, 0);
    EXPECT_EQ(four.request->endpoint.v4.sin_family, AF_INET);
    EXPECT_EQ(four.request->endpoint.v4.sin_port, htons(8081));
    EXPECT_EQ(four.request->endpoint.size, sizeof(sockaddr_in));
    const auto six = read('R',
                          "fd00::7\0"
                          "1"s);
    ASSERT_EQ(six.error, 0);
    EXPECT_EQ(six.request->endpoint.v6.sin6_family, AF_INET6);
    EXPECT_EQ(six.request->endpoint.size, sizeof(sockaddr_in6));
    for (const auto& wrong : {""s, "198.18.0.7"s, "198.18.0.7\0"s,
                              "198.18.0.7\0"
                              "0"s,
                              "model\0"
                              "80"s,
                              "\0"
                              "80"s,
                              "1.2.3.4.5\0"
                              "80"s,
                              "fd00::7%eth0\0"
                              "80"s})
        EXPECT_EQ(read('R', wrong).error, EINVAL) << testing::PrintToString(wrong);
}

TEST(Request, a_terminal_is_id_size_offset_and_program) {
    const auto result = read('T',
                             "main\0"
                             "50\0"
                             "132\0"
                             "17\0"
                             "vim\0"
                             "a b"s);
    ASSERT_EQ(result.error, 0);
    EXPECT_EQ(result.request->id, "main");
    EXPECT_EQ(result.request->size, (WindowSize{50, 132}));
    EXPECT_EQ(result.request->offset, 17U);
    EXPECT_EQ(words(result.request->arguments.data()), (Words{"vim", "a b"}));
}

TEST(Request, a_terminal_without_program_means_the_shell) {
    for (const auto& payload : {"main\0\0\0"s, "main\0\0\0\0"s}) {
        const auto result = read('T', payload);
        ASSERT_EQ(result.error, 0);
        EXPECT_EQ(result.request->size, (WindowSize{0, 0}));
        EXPECT_EQ(result.request->offset, std::nullopt);
        EXPECT_EQ(words(result.request->arguments.data()), Words{});
    }
}

TEST(Request, the_name_of_a_terminal_is_short_and_printable) {
    const auto tail = "\0\0\0"s;
    EXPECT_EQ(read('T', std::string(64, 'x') + tail).error, 0);
    EXPECT_EQ(read('T', std::string(65, 'x') + tail).error, EINVAL);
    for (const auto* wrong : {"", "a b", "a\n", "\x1b[2J", "\xff"}) {
        EXPECT_EQ(read('T', wrong + tail).error, EINVAL) << wrong;
        EXPECT_EQ(read('K', wrong).error, EINVAL) << wrong;
    }
}

TEST(Request, a_terminal_with_a_missing_or_wrong_field_is_refused) {
    for (const auto& wrong : {"main"s,
                              "main\0"
                              "24"s,
                              "main\0"
                              "24\0"
                              "80"s,
                              "main\0"
                              "x\0"
                              "80\0"s,
                              "main\0"
                              "24\0"
                              "65536\0"s,
                              "main\0"
                              "24\0"
                              "80\0"
                              "-1"s}) {
        EXPECT_EQ(read('T', wrong).error, EINVAL) << testing::PrintToString(wrong);
    }
}

TEST(Request, a_program_has_directory_flags_size_environment_and_words) {
    const auto result = read('X',
                             "/tmp\0t\0"
                             "24\0"
                             "80\0"
                             "A=1\x01"
                             "B=x=y\0"
                             "env\0"s);
    ASSERT_EQ(result.error, 0);
    EXPECT_STREQ(result.request->directory, "/tmp");
    EXPECT_TRUE(result.request->on_terminal);
    EXPECT_EQ(words(result.request->variables.data()), (Words{"A=1", "B=x=y"}));
    EXPECT_EQ(words(result.request->arguments.data()), (Words{"env", ""}));
}

TEST(Request, a_program_may_leave_out_all_but_its_name) {
    const auto result = read('X', "\0\0\0\0\0ls"s);
    ASSERT_EQ(result.error, 0);
    EXPECT_EQ(result.request->directory, nullptr);
    EXPECT_FALSE(result.request->on_terminal);
    EXPECT_EQ(words(result.request->variables.data()), Words{});
    EXPECT_EQ(words(result.request->arguments.data()), Words{"ls"});
}

TEST(Request, a_wrong_program_is_refused) {
    for (const auto& wrong : {""s, "\0"s, "\0\0\0\0"s, "\0\0\0\0\0"s, "\0x\0\0\0\0ls"s,
                              "\0\0\0\0novalue\0ls"s, "\0\0\0\0=x\0ls"s, "\0\0\0\0A=1\x01\0ls"s}) {
        EXPECT_EQ(read('X', wrong).error, EINVAL) << testing::PrintToString(wrong);
    }
}

TEST(Request, more_words_or_variables_than_the_limit_are_refused) {
    std::string words;
    for (std::size_t i = 0; i < arguments_max; ++i) words += "\0a"s;
    EXPECT_EQ(read('X', "\0\0\0\0"s + words).error, 0);
    EXPECT_EQ(read('X', "\0\0\0\0"s + words + "\0a"s).error, E2BIG);
    std::string variables = "A=";
    for (std::size_t i = 1; i < environment_max; ++i)
        variables +=
            "\x01"
            "A=";
    EXPECT_EQ(read('X', "\0\0\0\0"s + variables + "\0ls"s).error, 0);
    EXPECT_EQ(read('X', "\0\0\0\0"s + variables +
                            "\x01"
                            "A=\0ls"s)
                  .error,
              E2BIG);
}

TEST(Request, nothing_of_an_earlier_one_is_left) {
    Request request;
    const auto full =
        "/tmp\0t\0"
        "24\0"
        "80\0"
        "A=1\0"
        "env"s;
    const auto bare = "\0\0\0\0\0ls"s;
    ASSERT_FALSE(read_request({'X', full}, request));
    ASSERT_FALSE(read_request({'X', bare}, request));
    EXPECT_EQ(request.directory, nullptr);
    EXPECT_FALSE(request.on_terminal);
    EXPECT_EQ(request.size, (WindowSize{}));
    EXPECT_EQ(words(request.variables.data()), Words{});
}

TEST(Request, an_unknown_kind_is_said_to_be_unknown) {
    EXPECT_EQ(read('?', "").error, ENOSYS);
}

}  // namespace
}  // namespace berth::init
