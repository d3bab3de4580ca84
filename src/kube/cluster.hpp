#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "net/http_client.hpp"

namespace berth::kube {

/// A program that gives credentials: `users[].user.exec` of a kubeconfig.
///
/// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
struct ExecPlugin {
    std::string command;
    std::vector<std::string> arguments;
    std::map<std::string, std::string> env;
    std::string api_version;
    std::string install_hint;
};

/// Who we are to an API server. What is in files is read again when they may have changed.
struct Identity {
    SecretText token;
    std::string token_file;  ///< A rotated token; beats `token`.
    std::string certificate, certificate_file;
    SecretText key;
    std::string key_file;
    std::optional<ExecPlugin> exec;
};

/// Where an API server is, whom to trust there, and who we are.
struct Cluster {
    net::Address address;
    std::string path;  ///< Before every path; empty for most servers.
    std::string authorities;
    std::string authorities_file;
    std::string server_name;
    std::string namespace_ = "default";
    Identity identity;
    bool inside = false;  ///< We run in a pod of it.
};

/// Reads a kubeconfig file. `context` empty: the current one. Relative paths are those of the file's folder.
///
/// Throws `invalid` (`invalid_kubeconfig`) naming what is missing or not supported (passwords, unverified
/// TLS).
Cluster read_kubeconfig(const std::string& path, const std::string& context);

/// The cluster whose pod we are, by the service account's files.
///
/// Throws `invalid` (`not_in_cluster`) elsewhere.
Cluster inside_cluster();

/// What proves who we are just now.
struct Proof {
    SecretText token;
    std::string certificate;
    SecretText key;
    std::optional<Time> until;  ///< Ask again then; absent: until it is refused.
};

/// Reads files, and runs the plugin. Throws `unavailable` (`no_credentials`) when it cannot.
Task<Proof> prove(Identity identity, Clock& clock);

}  // namespace berth::kube
