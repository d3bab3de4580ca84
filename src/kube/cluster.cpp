#include "kube/cluster.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/child.hpp"
#include "base/yaml.hpp"
#include "net/base64.hpp"

namespace berth::kube {
namespace {

namespace fs = std::filesystem;

constexpr const char* account = "/var/run/secrets/kubernetes.io/serviceaccount/";
constexpr std::chrono::seconds plugin_limit{60};
constexpr std::chrono::minutes file_lifetime{1};  // Rotated long before they expire.
constexpr std::size_t file_max = 1u << 20;
constexpr std::size_t plugin_output_max = 1u << 20;

Error refuse(const std::string& why, const std::string& next = {}) {
    return Error(Kind::invalid, "invalid_kubeconfig", "kubeconfig: " + why, next);
}

std::optional<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (text.size() > file_max) return std::nullopt;
    return text;
}

std::string trimmed(std::string text) {
    const auto end = text.find_last_not_of(" \t\r\n");
    text.resize(end == text.npos ? 0 : end + 1);
    return text;
}

std::string decode_base64(std::string_view text, std::string_view what) {
    auto bytes = net::base64_decode(text);
    if (!bytes) throw refuse(fmt::format("{} is not base64", what));
    return std::move(*bytes);
}

/// A mapping of the file, with words for what is missing.
class Entry {
  public:
    Entry(const json::value* tree, std::string path) : path_(std::move(path)) {
        entries_ = tree == nullptr ? nullptr : tree->if_object();
    }
    const json::value* find(std::string_view key) const {
        const auto* found = entries_ == nullptr ? nullptr : entries_->if_contains(key);
        return found == nullptr || found->is_null() ? nullptr : found;
    }
    std::string text(std::string_view key) const {
        const auto* found = find(key);
        if (found == nullptr) return {};
        if (found->is_string()) return std::string(found->get_string());
        if (found->is_bool()) return found->get_bool() ? "true" : "false";
        throw refuse(fmt::format("{}.{} is not a text", path_, key));
    }
    Entry at(std::string_view key) const { return {find(key), fmt::format("{}.{}", path_, key)}; }
    /// The entry of that name in a list of `{name, <kind>: …}`.
    Entry named(std::string_view list, std::string_view name, std::string_view kind) const {
        const auto* found = find(list);
        const auto* items = found == nullptr ? nullptr : found->if_array();
        if (items != nullptr)
            for (const auto& item : *items) {
                const Entry entry(&item, std::string(list));
                if (entry.text("name") == name)
                    return {entry.find(kind), fmt::format("{} {}", kind, berth::quoted(name))};
            }
        throw refuse(fmt::format("there is no {} {}", kind, berth::quoted(name)));
    }

  private:
    const json::object* entries_ = nullptr;
    std::string path_;
};

ExecPlugin read_plugin(const Entry& entry) {
    ExecPlugin plugin{.command = entry.text("command"),
                      .api_version = entry.text("apiVersion"),
                      .install_hint = entry.text("installHint")};
    if (plugin.command.empty()) throw refuse("an exec plugin has no command");
    if (const auto* arguments = entry.find("args")) json::read(*arguments, plugin.arguments);
    if (const auto* list = entry.find("env"); list != nullptr && list->is_array())
        for (const auto& item : list->get_array()) {
            const Entry variable(&item, "env");
            plugin.env[variable.text("name")] = variable.text("value");
        }
    return plugin;
}

Identity read_user(const Entry& user, const fs::path& folder) {
    const auto path = [&](std::string_view key) {
        const auto text = user.text(key);
        return text.empty() ? text : (folder / text).string();
    };
    Identity identity{.token = SecretText(user.text("token")),
                      .token_file = path("tokenFile"),
                      .certificate_file = path("client-certificate"),
                      .key_file = path("client-key")};
    if (const auto data = user.text("client-certificate-data"); !data.empty())
        identity.certificate = decode_base64(data, "client-certificate-data");
    if (const auto data = user.text("client-key-data"); !data.empty())
        identity.key = SecretText(decode_base64(data, "client-key-data"));
    if (user.find("exec") != nullptr) identity.exec = read_plugin(user.at("exec"));
    if (user.find("auth-provider") != nullptr || user.find("username") != nullptr)
        throw refuse("passwords and auth providers are not supported",
                     "use a client certificate, a token or an exec plugin");
    return identity;
}

/// The first object of that kind among what a plugin says: the rest is for people.
json::value find_credentials(const std::string& output) {
    for (auto start = output.find('{'); start != output.npos; start = output.find('{', start + 1)) {
        boost::json::stream_parser parser;
        boost::system::error_code ec;
        parser.write_some(output.data() + start, output.size() - start, ec);
        if (ec || !parser.done()) continue;
        auto tree = parser.release();
        if (Entry(&tree, "ExecCredential").find("status") != nullptr) return tree;
    }
    return {};
}

Task<Proof> ask_plugin(ExecPlugin plugin, Clock& clock) {
    const auto request = json::write(json::object{{"apiVersion", plugin.api_version},
                                                  {"kind", "ExecCredential"},
                                                  {"spec", json::object{{"interactive", false}}}});
    ChildRequest child{.arguments = {plugin.command}, .env = plugin.env};
    child.arguments.insert(child.arguments.end(), plugin.arguments.begin(), plugin.arguments.end());
    child.env["KUBERNETES_EXEC_INFO"] = request;
    // Credentials stand in its output, so none of that becomes words for people.
    child.output = ChildRequest::Output::apart;
    child.without = "BERTH_";
    std::string output;
    child.line = [&output](const std::string& line) {
        output += line + "\n";
        if (output.size() > plugin_output_max)
            throw Error(Kind::unavailable, "no_credentials", "it writes more than 1 MiB");
    };
    const auto fail = [&](const std::string& why) {
        return Error(Kind::unavailable, "no_credentials",
                     fmt::format("credential plugin {}: {}", berth::quoted(plugin.command), why),
                     plugin.install_hint);
    };
    ChildResult result;
    try {
        result = co_await run_child(std::move(child), clock, plugin_limit);
    } catch (const Error& error) {
        throw fail(error.user);
    }
    if (result.status != 0) {
        const auto words = result.last_lines(2);
        throw fail(words.empty() ? fmt::format("it ended with status {}", result.status) : words);
    }
    const auto answer = find_credentials(output);
    const Entry status = Entry(&answer, "ExecCredential").at("status");
    Proof proof{.token = SecretText(status.text("token")),
                .certificate = status.text("clientCertificateData"),
                .key = SecretText(status.text("clientKeyData"))};
    if (proof.token.empty() && proof.certificate.empty()) throw fail("it gave no credentials");
    if (const auto expires = status.text("expirationTimestamp"); !expires.empty()) {
        try {
            proof.until = parse_time(expires) - std::chrono::seconds(30);
        } catch (const Error& error) {
            throw fail(error.user);
        }
    }
    co_return proof;
}

/// Over plain HTTP anybody on the way reads what proves who we are, unless there is no way.
void check_private(const net::Address& address, const Identity& identity) {
    const bool proves = !identity.token.empty() || !identity.token_file.empty() || identity.exec;
    if (address.tls || !proves) return;
    boost::system::error_code ec;
    const auto number = asio::ip::make_address(address.host, ec);
    if (address.host == "localhost" || (!ec && number.is_loopback())) return;
    throw refuse(fmt::format("credentials would go to {} over plain http", berth::quoted(address.host)),
                 "write the server as https://…");
}

std::string must_read(const std::string& path) {
    auto text = read_file(path);
    if (!text)
        throw Error(Kind::unavailable, "no_credentials", "cannot read " + path,
                    "check that it exists and that Berth's user may read it");
    return std::move(*text);
}

}  // namespace

Cluster read_kubeconfig(const std::string& path, const std::string& context) {
    const auto text = read_file(path);
    if (!text) throw refuse("cannot read " + berth::quoted(path), "name another one with --kubeconfig");
    const auto tree = yaml::parse(*text);
    const Entry file(&tree, "kubeconfig");
    const auto wanted = context.empty() ? file.text("current-context") : context;
    if (wanted.empty()) throw refuse("no context is current", "name one with --kube-context");
    const auto chosen = file.named("contexts", wanted, "context");
    const auto place = file.named("clusters", chosen.text("cluster"), "cluster");
    const auto folder = fs::absolute(path).parent_path();
    Cluster cluster;
    std::tie(cluster.address, cluster.path) = net::parse_url(place.text("server"));
    while (cluster.path.ends_with('/')) cluster.path.pop_back();
    if (place.text("insecure-skip-tls-verify") == "true")
        throw refuse("unverified TLS is not supported", "give the cluster its certificate authority");
    if (const auto data = place.text("certificate-authority-data"); !data.empty())
        cluster.authorities = decode_base64(data, "certificate-authority-data");
    else if (const auto name = place.text("certificate-authority"); !name.empty())
        cluster.authorities_file = (folder / name).string();
    cluster.server_name = place.text("tls-server-name");
    if (const auto name = chosen.text("namespace"); !name.empty()) cluster.namespace_ = name;
    cluster.identity = read_user(file.named("users", chosen.text("user"), "user"), folder);
    check_private(cluster.address, cluster.identity);
    return cluster;
}

Cluster inside_cluster() {
    const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
    const char* port = std::getenv("KUBERNETES_SERVICE_PORT");
    const std::string folder = account;
    if (host == nullptr || port == nullptr || !fs::exists(folder + "token"))
        throw Error(Kind::invalid, "not_in_cluster", "this is no pod with a service account",
                    "name a kubeconfig with --kubeconfig");
    Cluster cluster{.address = {.host = host, .port = std::atoi(port), .tls = true},
                    .authorities_file = folder + "ca.crt",
                    .identity = {.token_file = folder + "token"},
                    .inside = true};
    if (const auto name = read_file(folder + "namespace")) cluster.namespace_ = trimmed(*name);
    return cluster;
}

Task<Proof> prove(Identity identity, Clock& clock) {
    if (identity.exec) co_return co_await ask_plugin(std::move(*identity.exec), clock);
    Proof proof{.token = identity.token, .certificate = identity.certificate, .key = identity.key};
    const bool from_files =
        !identity.token_file.empty() || !identity.certificate_file.empty() || !identity.key_file.empty();
    if (!identity.token_file.empty()) proof.token = SecretText(trimmed(must_read(identity.token_file)));
    if (!identity.certificate_file.empty()) proof.certificate = must_read(identity.certificate_file);
    if (!identity.key_file.empty()) proof.key = SecretText(must_read(identity.key_file));
    if (from_files) proof.until = clock.now() + file_lifetime;
    co_return proof;
}

}  // namespace berth::kube
