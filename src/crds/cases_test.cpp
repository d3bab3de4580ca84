#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "base/yaml.hpp"
#include "crds/pattern.hpp"
#include "model/template.hpp"

namespace berth::crds {
namespace {

std::string contents(const std::string& name) {
    std::ifstream file(BERTH_SOURCE_DIR "/tests/cluster/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string verdict(const std::string& text) {
    try {
        parse_template(yaml::parse(text));
    } catch (const Error& error) {
        return error.user;
    }
    return "taken";
}

// tests/cluster/crds_test.py puts the same documents to a real API server.
TEST(CrdCases, the_program_judges_as_the_cluster_has_to) {
    const auto base = contents("crds_template.yaml");
    ASSERT_EQ(verdict(base), "taken");
    for (const auto& entry : json::parse(contents("crds_cases.json")).as_array()) {
        const std::string why(entry.at("why").as_string());
        const std::string piece(entry.at("replace").as_string());
        auto text = base;
        const auto place = text.find(piece);
        ASSERT_NE(place, std::string::npos) << why;
        text.replace(place, piece.size(), std::string(entry.at("by").as_string()));
        const auto said = verdict(text);
        EXPECT_EQ(said == "taken", entry.at("taken").as_bool()) << why << ": " << said;
    }
}

template <class Parse>
void expect_same(Pattern pattern, std::initializer_list<const char*> texts, Parse parse) {
    const std::regex expression{std::string(pattern.expression)};
    for (const std::string text : texts) {
        bool read = true;
        try {
            parse(text);
        } catch (const Error&) {
            read = false;
        }
        EXPECT_EQ(std::regex_match(text, expression), read) << text;
    }
}

TEST(CrdCases, amounts_look_to_the_cluster_as_the_program_reads_them) {
    expect_same(bytes_pattern,
                {"1", "10Gi", "1.5Mi", "1.", ".5", "1k", "1P", "1gi", "-1", " 1", "1 Gi", "", "1e3"},
                parse_bytes);
    expect_same(cpu_pattern, {"1", "500m", "0.5", "2.", ".5", "1k", "-1", "", "1M", "m"}, parse_cpu);
    expect_same(
        duration_pattern,
        {"90s", "1h30m", "250ms", "2d", "1.5h", "1d1h1m1s1ms", "1m1h", "1s1s", "5", "h", "1w", "-1s", "1 s"},
        parse_duration);
}

}  // namespace
}  // namespace berth::crds
