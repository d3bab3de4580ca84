#include "engine/kubernetes/ranges.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace berth::engine::kubernetes {
namespace {

std::string refusal(const std::string& text) {
    try {
        read_range(text, "openRanges");
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "invalid_config");
        return error.user;
    }
    return "none";
}

TEST(KubernetesRanges, a_range_may_name_a_port_or_several) {
    EXPECT_EQ(read_range("10.1.0.0/16", "x"), (Range{"10.1.0.0/16"}));
    EXPECT_EQ(read_range("10.1.0.0/16:5432", "x"), (Range{"10.1.0.0/16", 5432, 5432}));
    EXPECT_EQ(read_range("10.1.2.3/32:8000-8099", "x"), (Range{"10.1.2.3/32", 8000, 8099}));
    EXPECT_EQ(read_range("fd00:1::/64", "x"), (Range{"fd00:1::/64"}));
    EXPECT_EQ(read_range("fd00:1::/64:443", "x"), (Range{"fd00:1::/64", 443, 443}));
    EXPECT_EQ(read_range("0.0.0.0/0", "x"), (Range{"0.0.0.0/0"}));
}

TEST(KubernetesRanges, what_is_none_is_refused_by_its_key) {
    EXPECT_EQ(refusal("10.1.2.3/16"),
              "openRanges: \"10.1.2.3/16\" has bits behind its prefix: \"10.1.0.0/16\" is the range");
    for (const char* wrong :
         {"", "10.1.0.0", "10.1.0.0:5432", "10.1.0/16", "10.1.0.0/33", "db/16", "fd00::/129", "10.1.0.0/"})
        EXPECT_EQ(refusal(wrong), "openRanges: \"" + std::string(wrong) + "\" is not a range of addresses");
    for (const char* wrong : {"10.1.0.0/16:", "10.1.0.0/16:0", "10.1.0.0/16:65536", "10.1.0.0/16:http",
                              "10.1.0.0/16:9-8", "10.1.0.0/16:1-", "10.1.0.0/16:-1"})
        EXPECT_EQ(refusal(wrong), "openRanges: \"" + std::string(wrong) +
                                      "\" has no port or range of ports behind the colon");
    EXPECT_THROW(read_cidr("10.1.0.0/16:80", "closedRanges"), Error);
    EXPECT_EQ(read_cidr("10.1.0.0/16", "closedRanges"), "10.1.0.0/16");
}

TEST(KubernetesRanges, one_covers_another_that_is_not_wider_and_of_its_family) {
    EXPECT_TRUE(covers("10.0.0.0/8", "10.1.2.3/32"));
    EXPECT_TRUE(covers("10.0.0.0/8", "10.0.0.0/8"));
    EXPECT_TRUE(covers("0.0.0.0/0", "10.0.0.0/8"));
    EXPECT_TRUE(covers("fd00::/8", "fd00:1::7/128"));
    EXPECT_FALSE(covers("10.0.0.0/8", "11.0.0.1/32"));
    EXPECT_FALSE(covers("10.1.0.0/16", "10.0.0.0/8"));
    EXPECT_FALSE(covers("0.0.0.0/0", "::1/128"));
    EXPECT_FALSE(covers("::/0", "10.0.0.0/8"));
}

TEST(KubernetesRanges, an_address_is_a_range_of_one_and_a_name_is_none) {
    EXPECT_EQ(range_of("198.51.100.7"), "198.51.100.7/32");
    EXPECT_EQ(range_of("2606:4700::1"), "2606:4700::1/128");
    EXPECT_EQ(range_of("cluster.example"), "");
}

}  // namespace
}  // namespace berth::engine::kubernetes
