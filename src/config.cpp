#include "config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include "base/secret_text.hpp"
#include "base/yaml.hpp"
#include "net/forwarded.hpp"

extern char** environ;

namespace berth {

const std::map<std::string, std::string> config_help{
    {"listen", "address and port to serve on"},
    {"url", "how browsers reach this Berth; default http://localhost:PORT"},
    {"apps_domain", "domain whose subdomains are the sessions; default localhost:PORT"},
    {"trusted_proxies",
     "ranges of addresses of proxies before Berth that are believed whose request they pass on"},
    {"data_directory", "where the database, sockets and logs are"},
    {"database",
     "postgres://USER@HOST/NAME, or the path of a SQLite file; default: berth.db in the data directory"},
    {"database_password_file", "file whose first line is the password for the database server"},
    {"master_key_file",
     "file with the key that secrets and files are sealed under; default: master.key in the data directory"},
    {"master_key_command", "program, as a list of its words, that prints that key"},
    {"file_max", "largest file that a user may upload"},
    {"files_max", "most that a user's uploaded files may have together"},
    {"file_types", "media types of uploads that are allowed, such as text/csv,image/*; default: all"},
    {"roles", "parts that this process runs, of several on one PostgreSQL database: api, gateway, operator"},
    {"drain_limit",
     "how long open WebSockets, terminals and downloads may go on once Berth is told to stop: 30s, 1h"},
    {"engine", "where sessions run: container, kubernetes, or sim for a demonstration"},
    {"engine_socket", "Docker Engine API socket; default: one that is found, or a Podman of Berth's own"},
    {"base_image",
     "what the starter images are built on; default localhost/berth/base, else debian:bookworm-slim"},
    {"kubeconfig",
     "how to reach the cluster; default: the service account in a pod, else $KUBECONFIG or ~/.kube/config"},
    {"kube_context", "context of the kubeconfig; default: the current one"},
    {"session_namespace", "namespace of the sessions' objects in a cluster"},
    {"lease",
     "Lease that shows which of several Berths acts, NAME (beside Berth, or else the sessions) or "
     "NAMESPACE/NAME; empty: none"},
    {"storage_class", "storage class of volumes in a cluster; default: the cluster's own"},
    {"pull_secrets", "secrets of the session namespace with which nodes pull images, separated by commas"},
    {"pod_access",
     "how pods are reached: direct, forward (through the API server), or auto: direct from inside"},
    {"gateway_pods",
     "Berth's own pods as NAMESPACE/LABEL=VALUE, or its range of addresses: network policies let them in"},
    {"open_ranges",
     "of the closed ranges of addresses, those that sessions may reach, with ports or whole: "
     "10.1.0.0/16:5432"},
    {"closed_ranges", "further ranges of addresses that sessions may not reach, separated by commas"},
    {"dns_ranges",
     "where sessions in a cluster ask for names besides its DNS pods, such as 169.254.20.10/32"},
    {"cpu_overcommit", "how many sessions share a core that each may use, in a cluster"},
    {"cluster_requests", "requests that the API server is sent at once; watches and streams do not count"},
    {"pod_overlay",
     "merged into every pod of a session: runtimeClassName, nodeSelector, tolerations… (YAML, with metadata "
     "and spec)"},
    {"pod_overlays", "the same by template, merged after it: {TEMPLATE: {metadata, spec}}"},
    {"storage_classes", "storage class of volumes by template, instead of the one of all: {TEMPLATE: CLASS}"},
    {"engine_capacity",
     "what sessions of everybody may take together: {running, cpu, memory, gpu}; a launch that there is no "
     "room "
     "for waits"},
    {"gpu_resource", "what a GPU is called in the cluster: nvidia.com/gpu, amd.com/gpu…"},
    {"user_namespaces",
     "whether every pod gets users of its own (hostUsers: false): off, on, or auto: when every node can"},
    {"session_namespaces",
     "where sessions' objects are: shared (one namespace), user or workspace (one for each, made by Berth)"},
    {"pod_security",
     "Pod Security Standard that namespaces which Berth makes enforce: restricted, or baseline for profile "
     "compat"},
    {"namespace_quota",
     "whether a namespace of one user or workspace says the user's quota (ResourceQuota, LimitRange)"},
    {"session_routes",
     "in a cluster: none (one wildcard leads to Berth), or an ingress or httpRoute for each session"},
    {"gateway_service", "Berth's own service, where these lead, as NAMESPACE/NAME:PORT"},
    {"route_class", "class of these ingresses; default: the cluster's own"},
    {"route_tls_secret", "secret with the certificate for these ingresses, in the service's namespace"},
    {"route_parents",
     "gateways of these httpRoutes as NAMESPACE/NAME or NAMESPACE/NAME/LISTENER, separated by commas"},
    {"route_annotations", "annotations on each of these (YAML)"},
    {"starter_catalog", "whether the templates that Berth brings are installed"},
    {"catalog_registry",
     "where nodes pull the images of these templates from, instead of localhost: registry.example.org/team"},
    {"loops", "threads that serve connections; 0: one a core"},
    {"connections", "connections open at once"},
    {"looks_at_once", "sessions that the loop works on side by side"},
    {"log_level", "debug, info, warning or error"},
    {"log_format", "text or json"},
};

namespace {

constexpr std::int64_t file_bytes_max = std::int64_t{4} << 30;

[[noreturn]] void refuse(const std::string& key, const std::string& why) {
    throw Error(Kind::invalid, "invalid_config", key + ": " + why);
}

/// `dataDirectory` -> `DATA_DIRECTORY`.
std::string environment_name(std::string_view key) {
    std::string name = "BERTH_";
    for (const char letter : key) {
        if (letter >= 'A' && letter <= 'Z') name += '_';
        name += static_cast<char>(letter >= 'a' && letter <= 'z' ? letter - 32 : letter);
    }
    return name;
}

/// Text from a flag or variable as the JSON that the member's type wants.
json::value typed_text(const json::value& like, const std::string& key, const std::string& text) {
    if (like.is_bool()) {
        if (text == "true" || text == "1") return true;
        if (text == "false" || text == "0") return false;
        refuse(key, "expected true or false");
    }
    if (like.is_number()) {
        std::int64_t number = 0;
        const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (ec != std::errc{} || end != text.data() + text.size()) refuse(key, "expected a number");
        return number;
    }
    if (like.is_object() || like.is_array()) return yaml::parse(text);
    return json::string(text);
}

void check(const Config& config) {
    const auto one_of = [](const std::string& key, const std::string& text, std::vector<std::string> words) {
        if (std::find(words.begin(), words.end(), text) != words.end()) return;
        const auto near = nearest(text, words);
        refuse(key, fmt::format("{} is not one of {}{}", quoted(text), fmt::join(words, ", "),
                                near.empty() ? "" : "; did you mean " + near + "?"));
    };
    if (config.database.find("://") != std::string::npos && !config.database.starts_with("postgres://") &&
        !config.database.starts_with("postgresql://"))
        refuse("database", "expected the path of a file or postgres://USER@HOST/NAME");
    const auto parts = words_of(config.roles);
    for (const auto& part : parts) one_of("roles", part, {"api", "gateway", "operator"});
    if (parts.empty()) refuse("roles", "expected at least one of api, gateway, operator");
    const auto roles = roles_of(config);
    if (!(roles.api && roles.gateway && roles.operator_) && config.database.find("://") == std::string::npos)
        refuse("roles",
               "a SQLite database has one process, which runs all of them; name a PostgreSQL database");
    if (config.file_max.count < 1 || config.file_max.count > file_bytes_max)
        refuse("fileMax", "expected 1 to " + to_string(Bytes{file_bytes_max}));
    if (config.files_max < config.file_max) refuse("filesMax", "expected at least fileMax");
    if (config.drain_limit < Duration(0) || config.drain_limit > std::chrono::hours(24))
        refuse("drainLimit", "expected 0s to 24h");
    one_of("engine", config.engine, {"container", "kubernetes", "sim"});
    one_of("podAccess", config.pod_access, {"auto", "direct", "forward"});
    one_of("userNamespaces", config.user_namespaces, {"off", "auto", "on"});
    if (config.session_namespaces == "group")
        refuse("sessionNamespaces", "group waits for groups, which this version of Berth does not have");
    one_of("sessionNamespaces", config.session_namespaces, {"shared", "user", "workspace"});
    one_of("podSecurity", config.pod_security, {"restricted", "baseline"});
    if (config.namespace_quota && config.session_namespaces == "shared")
        refuse("namespaceQuota", "needs sessionNamespaces: user or workspace");
    if (config.gpu_resource.find('/') == std::string::npos)
        refuse("gpuResource", "expected the name of an extended resource, such as nvidia.com/gpu");
    if (config.cpu_overcommit < 1 || config.cpu_overcommit > 1000)
        refuse("cpuOvercommit", "expected 1 to 1000");
    one_of("sessionRoutes", config.session_routes, {"none", "ingress", "httpRoute"});
    if (config.session_routes != "none" && config.gateway_service.empty())
        refuse("gatewayService", "is needed for sessionRoutes: " + config.session_routes);
    if (config.session_routes == "httpRoute" && config.route_parents.empty())
        refuse("routeParents", "is needed for sessionRoutes: httpRoute");
    for (const auto& note : config.route_annotations)
        if (!note.value().is_string()) refuse("routeAnnotations." + std::string(note.key()), "expected text");
    if (config.cluster_requests < 1 || config.cluster_requests > 1000)
        refuse("clusterRequests", "expected 1 to 1000");
    one_of("logLevel", config.log_level, {"debug", "info", "warning", "error"});
    one_of("logFormat", config.log_format, {"text", "json"});
    if (config.loops < 0 || config.loops > 256) refuse("loops", "expected 0 to 256");
    if (config.connections < 16 || config.connections > 1'000'000)
        refuse("connections", "expected 16 to 1000000");
    const auto& room = config.engine_capacity;
    if (room.running.value_or(0) < 0 || room.gpu.value_or(0) < 0)
        refuse("engineCapacity", "expected 0 or more");
    if (config.looks_at_once < 1 || config.looks_at_once > 1024) refuse("looksAtOnce", "expected 1 to 1024");
    if (!config.url.empty() && !config.url.starts_with("http://") && !config.url.starts_with("https://"))
        refuse("url", "expected http://HOST or https://HOST");
    try {
        net::AddressRanges(words_of(config.trusted_proxies));
    } catch (const Error& error) {
        refuse("trustedProxies", error.user);
    }
    listen_address(config);
}

}  // namespace

Config read_config(const std::string& path, const std::map<std::string, std::string>& flags,
                   const std::map<std::string, std::string>& environment) {
    Config config;
    if (!path.empty()) {
        std::ifstream file(path);
        if (!file)
            throw Error(Kind::invalid, "config_unreadable",
                        "configuration file " + quoted(path) + " cannot be read");
        const std::string text((std::istreambuf_iterator<char>(file)), {});
        const auto tree = yaml::parse(text);
        if (!tree.is_null()) json::read(tree, config, json::Unknown::refuse);
    }
    const auto defaults = json::to_json(Config{}).get_object();
    json::object given;
    std::vector<std::string> names;
    for (const auto& entry : defaults) names.push_back(environment_name(entry.key()));
    for (const auto& [name, text] : environment) {
        const auto found = std::find_if(defaults.begin(), defaults.end(), [&](const auto& entry) {
            return environment_name(entry.key()) == name;
        });
        if (found == defaults.end()) {
            const auto near = nearest(name, names);
            throw Error(Kind::invalid, "unknown_key", "environment variable " + name + " is not known",
                        near.empty() ? "" : "did you mean " + near + "?");
        }
        given[found->key()] = typed_text(found->value(), name, text);
    }
    for (const auto& [key, text] : flags) {
        const auto* like = defaults.if_contains(key);
        given[key] = typed_text(like == nullptr ? json::value("") : *like, key, text);
    }
    json::read(given, config, json::Unknown::refuse);
    check(config);
    return config;
}

std::map<std::string, std::string> berth_environment() {
    // These belong to the command line, the tests and the tools, not to the server's configuration.
    const std::vector<std::string> others{"BERTH_URL", "BERTH_TOKEN", "BERTH_SOCKET", "BERTH_CONFIG",
                                          "BERTH_MASTER_KEY"};
    std::map<std::string, std::string> found;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto name = std::string(text.substr(0, text.find('=')));
        if (!name.starts_with("BERTH_") || name.size() == text.size()) continue;
        if (name.starts_with("BERTH_TEST_") || std::find(others.begin(), others.end(), name) != others.end())
            continue;
        // A cluster gives these to pods beside a service whose name begins with ours.
        const auto value = text.substr(name.size() + 1);
        if (name.find("_SERVICE_") != name.npos || value.starts_with("tcp://") ||
            value.starts_with("udp://") ||
            (name.find("_PORT_") != name.npos && name.find("_TCP") != name.npos))
            continue;
        // Sessions carry these; a Berth inside a session is not configured by them.
        if (name.starts_with("BERTH_SESSION") || name == "BERTH_USER") continue;
        found[name] = std::string(text.substr(name.size() + 1));
    }
    return found;
}

std::pair<std::string, int> listen_address(const Config& config) {
    const auto colon = config.listen.rfind(':');
    int port = -1;
    if (colon != std::string::npos) {
        const auto* const last = config.listen.data() + config.listen.size();
        const auto [end, ec] = std::from_chars(config.listen.data() + colon + 1, last, port);
        if (ec != std::errc{} || end != last) port = -1;
    }
    if (port < 0 || port > 65535) refuse("listen", quoted(config.listen) + " is not HOST:PORT");
    auto host = config.listen.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return {host.empty() ? "0.0.0.0" : host, port};
}

Config with_defaults(Config config) {
    if (config.data_directory.empty()) config.data_directory = default_data_directory();
    if (config.database.empty()) config.database = data_path(config, "berth.db");
    const auto port = listen_address(config).second;
    if (config.url.empty()) config.url = fmt::format("http://localhost:{}", port);
    while (config.url.ends_with('/')) config.url.pop_back();
    if (config.apps_domain.empty()) config.apps_domain = config.url.substr(config.url.find("//") + 2);
    return config;
}

Roles roles_of(const Config& config) {
    const auto words = words_of(config.roles);
    const auto has = [&](std::string_view word) { return std::ranges::find(words, word) != words.end(); };
    return {.api = has("api"), .gateway = has("gateway"), .operator_ = has("operator")};
}

std::vector<std::string> words_of(const std::string& list) {
    std::vector<std::string> words;
    std::string word;
    for (const char letter : list + ",") {
        if (letter == ' ') continue;
        if (letter != ',')
            word += letter;
        else if (!word.empty())
            words.push_back(std::exchange(word, ""));
    }
    return words;
}

Config without_secrets(Config config) {
    config.database = without_password(config.database);
    return config;
}

std::string default_data_directory() {
    if (::geteuid() == 0) return "/var/lib/berth";
    if (const char* home = std::getenv("XDG_DATA_HOME"); home != nullptr && *home != '\0')
        return std::string(home) + "/berth";
    const char* home = std::getenv("HOME");
    return std::string(home == nullptr ? "." : home) + "/.local/share/berth";
}

std::string data_path(const Config& config, std::string_view name) {
    return config.data_directory + "/" + std::string(name);
}

std::string flag_name(std::string_view member) {
    std::string name(member);
    std::replace(name.begin(), name.end(), '_', '-');
    return name;
}

}  // namespace berth
