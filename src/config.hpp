#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace berth {

/// What sessions of everybody may take on the engine together; what is absent has no limit.
struct EngineCapacity {
    std::optional<int> running;
    std::optional<MilliCpu> cpu;
    std::optional<Bytes> memory;
    std::optional<int> gpu;
    bool operator==(const EngineCapacity&) const = default;
};
BOOST_DESCRIBE_STRUCT(EngineCapacity, (), (running, cpu, memory, gpu))

/// Everything an operator can set. The defaults run on a laptop.
///
/// Each member is a key of the configuration file (`dataDirectory`), an environment variable
/// (`BERTH_DATA_DIRECTORY`) and a flag (`--data-directory`); a flag beats the environment, which beats the
/// file.
struct Config {
    std::string listen = "127.0.0.1:8080";
    std::string url;
    std::string apps_domain;
    std::string trusted_proxies;
    std::string data_directory;
    std::string database;
    std::string database_password_file;
    std::string master_key_file;
    std::vector<std::string> master_key_command;
    Bytes file_max{std::int64_t{32} << 20};
    Bytes files_max{std::int64_t{256} << 20};
    std::string file_types;
    std::string roles = "api,gateway,operator";
    Duration drain_limit{0};
    std::string engine = "container";
    EngineCapacity engine_capacity;
    std::string engine_socket;
    std::string base_image;
    std::string kubeconfig;
    std::string kube_context;
    std::string session_namespace = "berth-sessions";
    std::string lease = "berth";
    std::string storage_class;
    std::string pull_secrets;
    std::string pod_access = "auto";
    std::string gateway_pods;
    std::string open_ranges;
    std::string closed_ranges;
    std::string dns_ranges;
    int cpu_overcommit = 1;
    int cluster_requests = 32;
    json::object pod_overlay;
    std::map<std::string, json::object> pod_overlays;
    std::map<std::string, std::string> storage_classes;
    std::string gpu_resource = "nvidia.com/gpu";
    std::string user_namespaces = "off";
    std::string session_namespaces = "shared";
    std::string pod_security = "restricted";
    bool namespace_quota = false;
    std::string session_routes = "none";
    std::string gateway_service;
    std::string route_class;
    std::string route_tls_secret;
    std::string route_parents;
    json::object route_annotations;
    bool starter_catalog = true;
    std::string catalog_registry;
    int loops = 0;
    int connections = 10'000;
    int looks_at_once = 32;
    std::string log_level = "info";
    std::string log_format = "text";
};
BOOST_DESCRIBE_STRUCT(Config, (),
                      (listen, url, apps_domain, trusted_proxies, data_directory, database,
                       database_password_file, master_key_file, master_key_command, file_max, files_max,
                       file_types, roles, drain_limit, engine, engine_capacity, engine_socket, base_image,
                       kubeconfig, kube_context, session_namespace, lease, storage_class, pull_secrets,
                       pod_access, gateway_pods, open_ranges, closed_ranges, dns_ranges, cpu_overcommit,
                       cluster_requests, pod_overlay, pod_overlays, storage_classes, gpu_resource,
                       user_namespaces, session_namespaces, pod_security, namespace_quota, session_routes,
                       gateway_service, route_class, route_tls_secret, route_parents, route_annotations,
                       starter_catalog, catalog_registry, loops, connections, looks_at_once, log_level,
                       log_format))

/// One line of help for each member, by its name. A test demands that none is missing.
extern const std::map<std::string, std::string> config_help;

/// What the file, the environment and the flags say, in that order, checked. `flags` are wire names with
/// their text.
///
/// Throws `invalid`: an unknown key names the nearest known one, a wrong value names its key. `path` empty:
/// no file.
Config read_config(const std::string& path, const std::map<std::string, std::string>& flags,
                   const std::map<std::string, std::string>& environment);

/// `BERTH_*` of this process, without those that belong to the command line (BERTH_URL and BERTH_TOKEN).
std::map<std::string, std::string> berth_environment();

/// Fills what depends on the machine: data directory, address. Pure but for the user id and home directory.
Config with_defaults(Config config);

/// The words of a list as keys have it: separated by commas, blanks around them ignored.
std::vector<std::string> words_of(const std::string& list);

/// Which parts this process runs. All of them share the database, so that each works without the others.
struct Roles {
    bool api = false, gateway = false, operator_ = false;
};
Roles roles_of(const Config& config);

/// `data_directory` + `/` + name.
std::string data_path(const Config& config, std::string_view name);

/// The same without the passwords in it: what `berth config` prints.
Config without_secrets(Config config);

/// Host and port of `listen`. Throws `invalid`.
std::pair<std::string, int> listen_address(const Config& config);

/// The directory that `up` uses unless told otherwise: /var/lib/berth for root, else below the user's data
/// home.
std::string default_data_directory();

/// `data_directory` -> `data-directory`.
std::string flag_name(std::string_view member);

}  // namespace berth
