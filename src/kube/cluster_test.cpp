#include "kube/cluster.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.hpp"

namespace berth::kube {
namespace {

using namespace std::chrono_literals;

/// A folder with the files of one test.
class Kubeconfig : public ::testing::Test {
  protected:
    Kubeconfig() {
        std::string pattern = std::filesystem::temp_directory_path() / "berth-kube-XXXXXX";
        folder = ::mkdtemp(pattern.data());
    }
    ~Kubeconfig() override { std::filesystem::remove_all(folder); }

    std::string write(const std::string& name, const std::string& text) {
        std::ofstream(folder + "/" + name) << text;
        return folder + "/" + name;
    }
    std::string write_config(const std::string& cluster, const std::string& user,
                             const std::string& context = "namespace: team") {
        return write("config",
                     "apiVersion: v1\nkind: Config\ncurrent-context: one\n"
                     "clusters:\n- name: far\n  cluster: {" +
                         cluster +
                         "}\n"
                         "users:\n- name: me\n  user: {" +
                         user +
                         "}\n"
                         "contexts:\n- name: one\n  context: {cluster: far, user: me, " +
                         context +
                         "}\n"
                         "- name: two\n  context: {cluster: nowhere, user: me}\n");
    }
    static Error refusal(const std::function<void()>& what) {
        try {
            what();
        } catch (const Error& error) {
            return error;
        }
        return Error(Kind::internal, "did_not_fail", "did not fail");
    }
    Proof prove_now(const Identity& identity) {
        asio::io_context loop;
        auto result = asio::co_spawn(loop, prove(identity, clock), asio::use_future);
        loop.run();
        return result.get();
    }
    Error proof_failure(const Identity& identity) {
        return refusal([&] { prove_now(identity); });
    }

    std::string folder;
    SystemClock clock;
};

constexpr const char* server = "server: \"https://10.0.0.1:6443/k8s/\"";

TEST_F(Kubeconfig, the_current_context_says_where_and_who) {
    const auto path = write_config(
        std::string(server) + ", certificate-authority-data: Q0E=, tls-server-name: api", "token: secret");
    const auto cluster = read_kubeconfig(path, "");
    EXPECT_EQ(cluster.address.host, "10.0.0.1");
    EXPECT_EQ(cluster.address.port, 6443);
    EXPECT_TRUE(cluster.address.tls);
    EXPECT_EQ(cluster.path, "/k8s");
    EXPECT_EQ(cluster.authorities, "CA");
    EXPECT_EQ(cluster.server_name, "api");
    EXPECT_EQ(cluster.namespace_, "team");
    EXPECT_EQ(cluster.identity.token.reveal(), "secret");
    EXPECT_FALSE(cluster.inside);
}

TEST_F(Kubeconfig, files_are_those_of_its_folder) {
    const auto path =
        write_config(std::string(server) + ", certificate-authority: ca.crt",
                     "client-certificate: me.crt, client-key: /etc/me.key, tokenFile: token", "extra: 1");
    const auto cluster = read_kubeconfig(path, "one");
    EXPECT_EQ(cluster.authorities_file, folder + "/ca.crt");
    EXPECT_EQ(cluster.identity.certificate_file, folder + "/me.crt");
    EXPECT_EQ(cluster.identity.key_file, "/etc/me.key");
    EXPECT_EQ(cluster.identity.token_file, folder + "/token");
    EXPECT_EQ(cluster.namespace_, "default");
}

TEST_F(Kubeconfig, certificates_may_stand_in_it) {
    const auto path = write_config(server, "client-certificate-data: Q1JU, client-key-data: S0VZ");
    const auto cluster = read_kubeconfig(path, "");
    EXPECT_EQ(cluster.identity.certificate, "CRT");
    EXPECT_EQ(cluster.identity.key.reveal(), "KEY");
}

TEST_F(Kubeconfig, what_is_missing_or_not_supported_is_named) {
    const auto says = [&](const std::string& path, const std::string& context = "") {
        const auto error = refusal([&] { read_kubeconfig(path, context); });
        EXPECT_EQ(error.kind, Kind::invalid);
        return error.user;
    };
    EXPECT_EQ(says(folder + "/none"), "kubeconfig: cannot read \"" + folder + "/none\"");
    EXPECT_EQ(says(write_config(server, "token: t"), "three"), "kubeconfig: there is no context \"three\"");
    EXPECT_EQ(says(write_config(server, "token: t"), "two"), "kubeconfig: there is no cluster \"nowhere\"");
    EXPECT_EQ(says(write("config", "clusters: []\n")), "kubeconfig: no context is current");
    EXPECT_EQ(says(write_config(std::string(server) + ", insecure-skip-tls-verify: true", "token: t")),
              "kubeconfig: unverified TLS is not supported");
    EXPECT_EQ(says(write_config(server, "username: me, password: x")),
              "kubeconfig: passwords and auth providers are not supported");
    EXPECT_EQ(says(write_config(server, "client-key-data: \"%\"")),
              "kubeconfig: client-key-data is not base64");
    EXPECT_EQ(says(write_config(server, "exec: {args: []}")), "kubeconfig: an exec plugin has no command");
    EXPECT_EQ(says(write_config(server, "token: [1]")), "kubeconfig: user \"me\".token is not a text");
    EXPECT_NE(says(write("config", "{{{")), "");
    EXPECT_NE(says(write("config", "- 1\n- 2\n")), "");
    EXPECT_NE(says(write_config("server: not an address", "token: t")), "");
}

TEST_F(Kubeconfig, over_plain_http_no_credentials_leave_the_machine) {
    const auto with = [&](const char* url, const char* user) {
        return read_kubeconfig(write_config(std::string("server: \"") + url + "\"", user), "").address.host;
    };
    for (const auto* user : {"token: t", "tokenFile: t", "exec: {command: aws}"}) {
        const auto error = refusal([&] { with("http://10.0.0.1:8080", user); });
        EXPECT_EQ(error.user, "kubeconfig: credentials would go to \"10.0.0.1\" over plain http");
        EXPECT_NE(refusal([&] { with("http://localhost.example.org", user); }).user, "");
    }
    EXPECT_EQ(with("http://127.0.0.1:8001", "token: t"), "127.0.0.1");
    EXPECT_EQ(with("http://[::1]:8001", "token: t"), "::1");
    EXPECT_EQ(with("http://localhost:8001", "token: t"), "localhost");
    EXPECT_EQ(with("http://10.0.0.1:8001", ""), "10.0.0.1") << "there is nothing to lose";
}

TEST_F(Kubeconfig, a_file_that_is_rotated_is_read_again) {
    const Identity identity{.token_file = write("token", "first\n")};
    const auto first = prove_now(identity);
    EXPECT_EQ(first.token.reveal(), "first");
    ASSERT_TRUE(first.until);
    EXPECT_LE(*first.until, clock.now() + 1min);
    write("token", "second");
    EXPECT_EQ(prove_now(identity).token.reveal(), "second");
    std::filesystem::remove(folder + "/token");
    const auto error = proof_failure(identity);
    EXPECT_EQ(error.kind, Kind::unavailable);
    EXPECT_EQ(error.code, "no_credentials");
    EXPECT_EQ(prove_now({.token = SecretText("fixed")}).until, std::nullopt);
}

/// A user whose credentials a real script gives.
class Plugin : public Kubeconfig {
  protected:
    Identity script(const std::string& text) {
        const auto path = write("plugin", "#!/bin/sh\n" + text + "\n");
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return {.exec = ExecPlugin{.command = path,
                                   .arguments = {"get", "token"},
                                   .env = {{"WHO", "me"}},
                                   .api_version = "client.authentication.k8s.io/v1",
                                   .install_hint = "install it"}};
    }
};

TEST_F(Plugin, gives_what_it_says_until_it_says) {
    const auto proof = prove_now(script(
        R"(echo "Hello $1 $2" >&2; echo "note: $WHO"; test -n "$KUBERNETES_EXEC_INFO" || exit 1
echo '{"kind":"ExecCredential","status":{"token":"t-1","expirationTimestamp":"2100-01-01T00:00:00Z",'
echo '"clientCertificateData":"CRT","clientKeyData":"KEY"}}')"));
    EXPECT_EQ(proof.token.reveal(), "t-1");
    EXPECT_EQ(proof.certificate, "CRT");
    EXPECT_EQ(proof.key.reveal(), "KEY");
    EXPECT_EQ(proof.until, parse_time("2099-12-31T23:59:30Z"));
}

TEST_F(Plugin, is_asked_as_the_kubeconfig_says) {
    const auto path = write_config(server,
                                   "exec: {apiVersion: v1beta1, command: aws, args: [eks, token], "
                                   "installHint: get aws, env: [{name: A, value: b}]}");
    const auto plugin = read_kubeconfig(path, "").identity.exec;
    ASSERT_TRUE(plugin);
    EXPECT_EQ(plugin->command, "aws");
    EXPECT_EQ(plugin->arguments, (std::vector<std::string>{"eks", "token"}));
    EXPECT_EQ(plugin->env, (std::map<std::string, std::string>{{"A", "b"}}));
    EXPECT_EQ(plugin->api_version, "v1beta1");
    EXPECT_EQ(plugin->install_hint, "get aws");
}

TEST_F(Plugin, that_fails_says_why_and_what_to_do) {
    const auto says = [&](const Identity& identity) {
        const auto error = proof_failure(identity);
        EXPECT_EQ(error.kind, Kind::unavailable) << error.what();
        EXPECT_EQ(error.code, "no_credentials");
        EXPECT_EQ(error.next, "install it");
        return error.user;
    };
    EXPECT_NE(says(script("echo 'not signed in' >&2; exit 3")).find("not signed in"), std::string::npos);
    EXPECT_NE(says(script("echo nothing")).find("it gave no credentials"), std::string::npos);
    EXPECT_NE(says(script("echo '{\"status\":'")), "");
    EXPECT_NE(says(script("echo '{}'")).find("it gave no credentials"), std::string::npos);
    EXPECT_NE(says(script("echo '{\"status\":{\"token\":\"t\",\"expirationTimestamp\":\"soon\"}}'")), "");
    auto missing = script("");
    missing.exec->command = folder + "/none";
    EXPECT_NE(says(missing).find("none"), std::string::npos);
}

TEST_F(Plugin, that_fails_gives_nothing_away_that_it_wrote_as_its_answer) {
    const auto silent = proof_failure(script("echo '{\"token\":\"t-secret\"}'; exit 3"));
    EXPECT_EQ(silent.user.find("t-secret"), std::string::npos) << silent.user;
    EXPECT_NE(silent.user.find("it ended with status 3"), std::string::npos) << silent.user;
    const auto loud = proof_failure(script("echo t-secret; echo expired >&2; exit 3"));
    EXPECT_TRUE(loud.user.ends_with(": expired")) << loud.user;
}

TEST_F(Plugin, knows_nothing_of_what_berth_was_told) {
    ::setenv("BERTH_SECRET_OF_OURS", "s", 1);
    ::setenv("PLUGIN_KNOWS", "p", 1);
    const auto proof =
        prove_now(script(R"(echo '{"status":{"token":"t'"$BERTH_SECRET_OF_OURS$PLUGIN_KNOWS"'"}}')"));
    ::unsetenv("BERTH_SECRET_OF_OURS");
    ::unsetenv("PLUGIN_KNOWS");
    EXPECT_EQ(proof.token.reveal(), "tp");
}

TEST_F(Plugin, that_writes_without_end_is_stopped) {
    const auto error = proof_failure(script("exec yes"));
    EXPECT_NE(error.user.find("it writes more than 1 MiB"), std::string::npos) << error.user;
}

TEST(InsideCluster, elsewhere_is_said) {
    if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr) GTEST_SKIP() << "this is a pod";
    try {
        inside_cluster();
        ADD_FAILURE() << "found one";
    } catch (const Error& error) {
        EXPECT_EQ(error.code, "not_in_cluster");
    }
}

}  // namespace
}  // namespace berth::kube
