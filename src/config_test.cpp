#include "config.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>

namespace berth {
namespace {

std::string refusal(const std::map<std::string, std::string>& flags,
                    const std::map<std::string, std::string>& environment = {}) {
    try {
        read_config("", flags, environment);
    } catch (const Error& error) {
        return error.user + (error.next.empty() ? "" : " | " + error.next);
    }
    return "accepted";
}

TEST(Config, every_member_has_a_line_of_help) {
    boost::mp11::mp_for_each<json::detail::Members<Config>>(
        [](auto member) { EXPECT_TRUE(config_help.contains(member.name)) << member.name; });
    EXPECT_EQ(config_help.size(), boost::mp11::mp_size<json::detail::Members<Config>>::value);
}

TEST(Config, a_flag_beats_the_environment_which_beats_the_file) {
    const std::string path = testing::TempDir() + "berth-config.yaml";
    std::ofstream(path) << "listen: 127.0.0.1:1\nloops: 1\nengine: sim\n";
    const auto config = read_config(path, {{"listen", "127.0.0.1:3"}},
                                    {{"BERTH_LISTEN", "127.0.0.1:2"}, {"BERTH_LOOPS", "2"}});
    std::remove(path.c_str());
    EXPECT_EQ(config.listen, "127.0.0.1:3");
    EXPECT_EQ(config.loops, 2);
    EXPECT_EQ(config.engine, "sim");
}

TEST(Config, an_unknown_key_stops_the_program_and_names_the_nearest) {
    EXPECT_EQ(refusal({}, {{"BERTH_LISTN", "x"}}),
              "environment variable BERTH_LISTN is not known | did you mean BERTH_LISTEN?");
    EXPECT_EQ(refusal({{"enginee", "sim"}}), "\"enginee\" is not a known key | did you mean \"engine\"?");
}

TEST(Config, wrong_values_name_their_key) {
    EXPECT_EQ(refusal({{"engine", "contaner"}}),
              "engine: \"contaner\" is not one of container, kubernetes, sim; did you mean container?");
    EXPECT_EQ(refusal({{"listen", "8080"}}), "listen: \"8080\" is not HOST:PORT");
    EXPECT_EQ(refusal({{"sessionNamespaces", "group"}}),
              "sessionNamespaces: group waits for groups, which this version of Berth does not have");
    EXPECT_EQ(refusal({{"sessionNamespaces", "users"}}),
              "sessionNamespaces: \"users\" is not one of shared, user, workspace; did you mean user?");
    EXPECT_EQ(refusal({{"namespaceQuota", "true"}}),
              "namespaceQuota: needs sessionNamespaces: user or workspace");
    EXPECT_EQ(refusal({{"gpuResource", "gpu"}}),
              "gpuResource: expected the name of an extended resource, such as nvidia.com/gpu");
    EXPECT_EQ(refusal({{"podOverlays", "{ide: {spec: {priorityClassName: high}}}"},
                       {"storageClasses", "{ide: fast}"}}),
              "accepted");
    EXPECT_EQ(refusal({{"storageClasses", "fast"}}), "storageClasses: expected an object");
    EXPECT_EQ(refusal({{"loops", "many"}}), "loops: expected a number");
    EXPECT_EQ(refusal({{"clusterRequests", "0"}}), "clusterRequests: expected 1 to 1000");
    EXPECT_EQ(refusal({{"starterCatalog", "maybe"}}), "starterCatalog: expected true or false");
    EXPECT_EQ(refusal({{"trustedProxies", "10.0.0.0/8, proxy"}}),
              "trustedProxies: \"proxy\" is not a range of addresses");
    EXPECT_EQ(refusal({{"trustedProxies", "10.0.0.0/8, ::1"}}), "accepted");
    EXPECT_EQ(refusal({{"url", "localhost"}}), "url: expected http://HOST or https://HOST");
}

TEST(Config, roles_are_parts_that_there_are) {
    const auto roles = [](const std::string& text) {
        const auto found =
            roles_of(read_config("", {{"roles", text}, {"database", "postgres://ada@host/berth"}}, {}));
        return std::array{found.api, found.gateway, found.operator_};
    };
    EXPECT_EQ(roles("api, operator"), (std::array{true, false, true}));
    EXPECT_EQ(roles("gateway"), (std::array{false, true, false}));
    EXPECT_TRUE(roles_of({}).api && roles_of({}).gateway && roles_of({}).operator_);
    EXPECT_EQ(refusal({{"roles", "api,gatway"}}),
              "roles: \"gatway\" is not one of api, gateway, operator; did you mean gateway?");
    EXPECT_EQ(refusal({{"roles", " ,"}}), "roles: expected at least one of api, gateway, operator");
    EXPECT_EQ(refusal({{"roles", "api"}}),
              "roles: a SQLite database has one process, which runs all of them; name a PostgreSQL database");
}

TEST(Config, a_length_of_time_has_a_unit_and_an_end) {
    EXPECT_EQ(read_config("", {{"drainLimit", "1h"}}, {}).drain_limit, std::chrono::hours(1));
    EXPECT_EQ(read_config("", {}, {{"BERTH_DRAIN_LIMIT", "90s"}}).drain_limit, std::chrono::seconds(90));
    EXPECT_EQ(refusal({{"drainLimit", "25h"}}), "drainLimit: expected 0s to 24h");
    EXPECT_NE(refusal({{"drainLimit", "long"}}).find("drainLimit"), std::string::npos);
}

TEST(Config, what_is_not_said_follows_from_the_address) {
    const auto config =
        with_defaults(read_config("", {{"listen", "127.0.0.1:9999"}, {"dataDirectory", "/x"}}, {}));
    EXPECT_EQ(config.url, "http://localhost:9999");
    EXPECT_EQ(config.apps_domain, "localhost:9999");
    EXPECT_EQ(config.database, "/x/berth.db");
    EXPECT_EQ(listen_address(Config{.listen = "[::1]:80"}), (std::pair<std::string, int>("::1", 80)));
}

TEST(Config, is_printed_without_passwords) {
    const auto shown = [](const std::string& database) {
        return without_secrets(read_config("", {{"database", database}}, {})).database;
    };
    EXPECT_EQ(shown("/var/lib/berth/berth.db"), "/var/lib/berth/berth.db");
    EXPECT_EQ(shown("postgres://ada@host/berth"), "postgres://ada@host/berth");
    EXPECT_EQ(shown("postgres://ada:geheim@one,two:5432/berth?sslmode=verify-full"),
              "postgres://ada:***@one,two:5432/berth?sslmode=verify-full");
    EXPECT_EQ(shown("postgres://ada:ge@h:ei/m@host/berth"), "postgres://ada:***@host/berth");
    EXPECT_EQ(shown("postgresql:///berth?user=ada&password=geheim&host=/run&sslpassword=x"),
              "postgresql:///berth?user=ada&password=***&host=/run&sslpassword=***");
    EXPECT_EQ(refusal({{"database", "mysql://ada:geheim@host/berth"}}),
              "database: expected the path of a file or postgres://USER@HOST/NAME");
}

}  // namespace
}  // namespace berth
