#include "base/json.hpp"

#include <gtest/gtest.h>

#include "base/yaml.hpp"

namespace berth::json {
namespace {

enum class Colour { red, dark_blue };
BOOST_DESCRIBE_ENUM(Colour, red, dark_blue)

struct Inner {
    Bytes memory;
    std::optional<std::string> note;
    bool operator==(const Inner&) const = default;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (memory, note))

struct Outer {
    std::string display_name = "unnamed";
    int namespace_ = 1;
    Colour colour = Colour::red;
    std::vector<Inner> items;
    std::map<std::string, double> weights;
    Duration within{};
    std::optional<bool> flag;
    bool operator==(const Outer&) const = default;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (display_name, namespace_, colour, items, weights, within, flag))

std::string refusal(const std::string& text, Unknown unknown = Unknown::refuse) {
    try {
        from_json<Outer>(parse(text), unknown);
    } catch (const Error& error) {
        return error.code + "|" + error.user + "|" + error.next;
    }
    return "accepted";
}

TEST(Json, a_struct_reads_back_what_it_writes) {
    const Outer thing{.display_name = "Müller",
                      .namespace_ = 7,
                      .colour = Colour::dark_blue,
                      .items = {{.memory = {512 << 20}, .note = "x"}},
                      .weights = {{"a", 0.5}},
                      .within = std::chrono::minutes(90),
                      .flag = false};
    EXPECT_EQ(from_json<Outer>(to_json(thing), Unknown::refuse), thing);
}

TEST(Json, names_travel_in_camel_case_and_empty_optionals_are_left_out) {
    EXPECT_EQ(
        write(to_json(Outer{.items = {{}}})),
        R"({"displayName":"unnamed","namespace":1,"colour":"red","items":[{"memory":"0"}],"weights":{},"within":"0s"})");
    EXPECT_EQ(write(to_json(Colour::dark_blue)), R"("darkBlue")");
}

TEST(Json, absent_keys_keep_their_default_and_unknown_ones_are_ignored_or_refused) {
    EXPECT_EQ(from_json<Outer>(parse(R"({"strange":1})")), Outer{});
    EXPECT_EQ(refusal(R"({"displyName":"x"})"),
              R"(unknown_key|"displyName" is not a known key|did you mean "displayName"?)");
    EXPECT_EQ(refusal(R"({"items":[{"memoy":1}]})"),
              R"(unknown_key|"items[0].memoy" is not a known key|did you mean "memory"?)");
}

TEST(Json, wrong_types_are_reported_with_their_path) {
    EXPECT_EQ(refusal(R"({"items":[{},{"memory":"lots"}]})"),
              R"(invalid_field|items[1].memory: "lots" is not an amount of bytes such as 512Mi or 10Gi|)");
    EXPECT_EQ(refusal(R"({"namespace":"1"})"), "invalid_field|namespace: expected a whole number|");
    EXPECT_EQ(refusal(R"({"namespace":1.5})"), "invalid_field|namespace: expected a whole number|");
    EXPECT_EQ(refusal(R"({"namespace":99999999999})"), "invalid_field|namespace: number out of range|");
    EXPECT_EQ(refusal(R"({"colour":"blue"})"), R"(invalid_field|colour: one of red darkBlue, not "blue"|)");
    EXPECT_EQ(refusal(R"({"weights":{"a":"b"}})"), "invalid_field|weights.a: expected a number|");
    EXPECT_EQ(refusal("[]"), "invalid_field|expected an object|");
}

TEST(Json, text_that_is_too_deep_too_large_or_broken_is_refused) {
    EXPECT_THROW(parse(std::string(65, '[') + std::string(65, ']')), Error);
    EXPECT_NO_THROW(parse(std::string(60, '[') + std::string(60, ']')));
    EXPECT_THROW(parse(std::string((1 << 20) + 1, ' ')), Error);
    for (const auto* text : {"", "{", "{\"a\":1,}", "nul", "{\"a\":1}x"})
        EXPECT_THROW(parse(text), Error) << text;
}

TEST(Json, pretty_text_is_stable) {
    EXPECT_EQ(write_pretty(parse(R"({"a":[1,{"b":[]}],"c":{}})")),
              "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}\n");
}

TEST(Yaml, unquoted_scalars_follow_the_core_schema_and_quoted_ones_are_text) {
    EXPECT_EQ(write(yaml::parse("a: 1\nb: 1.5\nc: true\nd: ~\ne: '1'\nf: \"true\"\ng: 1Gi\nh: 012\n")),
              R"({"a":1,"b":1.5E0,"c":true,"d":null,"e":"1","f":"true","g":"1Gi","h":12})");
}

TEST(Yaml, mistakes_are_named_with_line_and_column) {
    const auto message = [](const std::string& text) {
        try {
            yaml::parse(text);
        } catch (const Error& error) {
            return error.user;
        }
        return std::string("accepted");
    };
    EXPECT_EQ(message("a: 1\na: 2\n"), "not valid YAML: line 2, column 1: key \"a\" appears twice");
    EXPECT_EQ(message("a: [1\n").substr(0, 30), "not valid YAML: line 2, column");
    EXPECT_EQ(message("a: 1\n---\nb: 2\n"), "expected one YAML document, found several");
    EXPECT_EQ(message("a: 1\nb: \xdd\n"), "not valid YAML: line 2: not UTF-8");
    EXPECT_EQ(message("a: 1\nb: \x05\n"), "not valid YAML: line 2: a control character");
}

TEST(Yaml, what_begins_no_value_is_refused_rather_than_read_for_ever) {
    for (const auto* text : {",-", "!,1", ",M", "a: 1\n---\n,"})
        EXPECT_THROW(yaml::parse(text), Error) << text;
}

TEST(Yaml, aliases_that_expand_without_end_are_refused) {
    std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 9; ++i) {
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int j = 0; j < 10; ++j) text += "*a" + std::to_string(i - 1) + ",";
        text += "]\n";
    }
    EXPECT_THROW(yaml::parse(text), Error);
}

TEST(Yaml, reads_back_what_it_writes) {
    const auto tree = parse(
        R"({"a":"true","b":"1","c":"","d":[1,-2,0.5,null,"x: y","# z"],"e":{"f g":"line\nline","h":"a\rb\r\n"},"h":"~"})");
    EXPECT_EQ(yaml::parse(yaml::write(tree)), tree) << yaml::write(tree);
}

TEST(Yaml, quotes_what_readers_of_an_older_yaml_would_take_for_something_else) {
    const auto tree =
        parse(R"({"a":["off","Yes","n","12:30:00","2026-01-02","1_000","0x1f","8h","512Mi","one"]})");
    const auto text = yaml::write(tree);
    for (const auto* quoted :
         {"\"off\"", "\"Yes\"", "\"n\"", "\"12:30:00\"", "\"2026-01-02\"", "\"1_000\"", "\"0x1f\""})
        EXPECT_NE(text.find(quoted), std::string::npos) << quoted << "\n" << text;
    for (const auto* plain : {"- 8h\n", "- 512Mi\n", "- one"})
        EXPECT_NE(text.find(plain), std::string::npos) << text;
    EXPECT_EQ(yaml::parse(text), tree);
}

}  // namespace
}  // namespace berth::json
