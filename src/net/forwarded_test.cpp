#include "net/forwarded.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace berth::net {
namespace {

const AddressRanges proxies({"10.0.0.0/8", "192.0.2.1", "fd00::/8"});

std::string client(std::string_view peer, const std::vector<std::string>& forwarded) {
    std::vector<Field> fields;
    for (const auto& value : forwarded)
        fields.push_back({"X-Forwarded-For", value, classify("X-Forwarded-For")});
    return client_address(proxies, peer, fields);
}

TEST(AddressRanges, hold_what_is_within_them) {
    for (const std::string address :
         {"10.0.0.1", "10.255.255.255", "::ffff:10.1.2.3", "192.0.2.1", "fd12::1"})
        EXPECT_TRUE(proxies.hold(address)) << address;
    for (const std::string address :
         {"11.0.0.1", "192.0.2.2", "fe80::1", "fe80::1%eth0", "", "localhost", "10.0.0", "010.0.0.1x"})
        EXPECT_FALSE(proxies.hold(address)) << address;
    EXPECT_TRUE(AddressRanges({"0.0.0.0/0"}).hold("203.0.113.9"));
    EXPECT_FALSE(AddressRanges({"0.0.0.0/0"}).hold("2001:db8::9"));
    EXPECT_TRUE(AddressRanges({"::/0"}).hold("203.0.113.9"));
    EXPECT_TRUE(AddressRanges({"10.1.2.0/23"}).hold("10.1.3.255"));
    EXPECT_FALSE(AddressRanges({"10.1.2.0/23"}).hold("10.1.4.0"));
    EXPECT_FALSE(AddressRanges().hold("10.0.0.1"));
}

TEST(AddressRanges, say_what_is_no_range) {
    for (const std::string text : {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "fd00::/129",
                                   "proxy", "/8", "10.0.0.0/8/8"})
        try {
            AddressRanges ranges({text});
            FAIL() << text;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind, Kind::invalid);
            EXPECT_NE(error.user.find(text), std::string::npos) << error.user;
        }
}

TEST(ClientAddress, is_the_peers_when_that_is_no_proxy_of_ours) {
    EXPECT_EQ(client("203.0.113.9", {"10.0.0.1"}), "203.0.113.9");
    EXPECT_EQ(client("", {"203.0.113.9"}), "");
}

TEST(ClientAddress, is_the_last_that_is_not_ours) {
    EXPECT_EQ(client("10.0.0.1", {"203.0.113.9"}), "203.0.113.9");
    EXPECT_EQ(client("10.0.0.1", {"203.0.113.9, 10.0.0.2"}), "203.0.113.9");
    EXPECT_EQ(client("10.0.0.1", {"203.0.113.9", "10.0.0.2, fd00::2"}), "203.0.113.9");
    EXPECT_EQ(client("10.0.0.1", {"203.0.113.9:4711"}), "203.0.113.9");
    EXPECT_EQ(client("10.0.0.1", {"[2001:db8::7]:4711"}), "2001:db8::7");
    EXPECT_EQ(client("10.0.0.1", {"2001:db8::7"}), "2001:db8::7");
}

TEST(ClientAddress, believes_nothing_before_it) {
    EXPECT_EQ(client("10.0.0.1", {"198.51.100.1, 203.0.113.9"}), "203.0.113.9");
    EXPECT_EQ(client("10.0.0.1", {"198.51.100.1", "203.0.113.9, 10.0.0.2"}), "203.0.113.9");
    EXPECT_EQ(client("10.0.0.1", {"198.51.100.1, unknown, 10.0.0.2"}), "10.0.0.2");
    EXPECT_EQ(client("10.0.0.1", {"198.51.100.1, , 10.0.0.2"}), "10.0.0.2");
    EXPECT_EQ(client("10.0.0.1", {"unknown"}), "10.0.0.1");
    EXPECT_EQ(client("10.0.0.1", {""}), "10.0.0.1");
    EXPECT_EQ(client("10.0.0.1", {}), "10.0.0.1");
    EXPECT_EQ(client("10.0.0.1", {"10.0.0.3, 10.0.0.2"}), "10.0.0.3");
}

TEST(ClientAddress, looks_at_so_many_entries_and_no_more) {
    std::string chain = "203.0.113.9";
    for (int i = 0; i < hops_max - 1; ++i) chain += ",10.0.0.2";
    EXPECT_EQ(client("10.0.0.1", {chain}), "203.0.113.9");
    EXPECT_EQ(client("10.0.0.1", {chain + ",10.0.0.2"}), "10.0.0.2");
    EXPECT_EQ(client("10.0.0.1", {std::string(60'000, 'x')}), "10.0.0.1");
}

}  // namespace
}  // namespace berth::net
