#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace berth::cli {

struct Console;

/// Adds the options of one server verb to its subcommand, and gives what runs it: the exit status, or a
/// `berth::Error` that is written as all others are. Name, group and description are set here.
using AddVerb = std::function<std::function<int()>(CLI::App& verb)>;

/// The verbs that run and check a server, given by the program. An empty one is left out.
struct ServerVerbs {
    AddVerb up;       ///< A Berth for this machine, with browser.
    AddVerb down;     ///< Ends such a Berth.
    AddVerb serve;    ///< A Berth as a service.
    AddVerb doctor;   ///< What works here and what to fix.
    AddVerb config;   ///< The configuration that is in force.
    AddVerb migrate;  ///< From one database to another.
    AddVerb openapi;  ///< The contract of the API.
    AddVerb crds;     ///< The custom resources of Kubernetes.
};

/// The whole command line. Gives the exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted, and for
/// `exec` that of the command. Throws nothing.
///
/// A verb that is not known but has a program `berth-VERB` on PATH becomes that program; the call returns
/// only when it cannot be started.
int run(int argc, char** argv, const ServerVerbs& verbs);

/// The same on another console: `words` are what follows the program's name.
int run_on(Console& console, const std::vector<std::string>& words, const ServerVerbs& verbs);

}  // namespace berth::cli
