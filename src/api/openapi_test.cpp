#include "api/openapi.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace berth::api {
namespace {

const std::string golden = BERTH_SOURCE_DIR "/openapi.json";

std::string contents(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The first line that differs, or nothing: the whole document would bury it.
std::string first_difference(const std::string& left, const std::string& right) {
    std::istringstream one(left), other(right);
    std::string before, after;
    for (int line = 1;; ++line) {
        const bool more = static_cast<bool>(std::getline(one, before));
        if (more != static_cast<bool>(std::getline(other, after)))
            return "line " + std::to_string(line) + ": the end";
        if (!more) return "";
        if (before != after) return "line " + std::to_string(line) + ": " + before + " | " + after;
    }
}

TEST(Openapi, the_document_in_the_repository_is_what_the_program_writes) {
    const auto written = openapi_document(BERTH_VERSION);
    if (const char* update = std::getenv("UPDATE"); update != nullptr && std::string(update) == "1")
        std::ofstream(golden) << written;
    EXPECT_EQ(first_difference(contents(golden), written), "") << "refresh with UPDATE=1";
}

TEST(Openapi, the_document_is_the_same_each_time) {
    EXPECT_EQ(openapi_document("1.2.3"), openapi_document("1.2.3"));
}

}  // namespace
}  // namespace berth::api
