#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cli/client.hpp"
#include "cli/console.hpp"
#include "cli/login_file.hpp"
#include "cli/table.hpp"

namespace berth::cli {

enum class Format { table, wide, json, yaml, name };
BOOST_DESCRIBE_ENUM(Format, table, wide, json, yaml, name)

/// What a person may say with every verb.
struct Options {
    std::optional<std::string> url, token, socket, output;
    bool local = false;
    bool no_color = false;
};

/// One run of the program: where it runs, what was said, and the server it talks to.
class Run {
  public:
    explicit Run(Console& where) : console(where) {}

    Console& console;
    Options options;

    /// What `-o` says, or `otherwise`.
    Format format(Format otherwise = Format::table) const;
    /// Whether standard output gets colours: a terminal, no NO_COLOR, no --no-color, no dumb terminal.
    Colour colour() const;

    /// The server that options, environment and the last login amount to; made at the first call.
    Client& client();
    Server server() const;
    /// `$XDG_CONFIG_HOME/berth/config.json`.
    std::string login_path() const;
    /// The private socket of a Berth on this machine.
    std::string socket_path() const;

    Time now() const { return SystemClock().now(); }

  private:
    std::unique_ptr<Client> client_;
};

/// The grammar that the verbs add themselves to, with what each verb does.
///
/// Arguments name what they take by their type name (SESSION, TEMPLATE, WORKSPACE, USER, FILE…): help shows
/// it and completion goes by it.
struct Grammar {
    CLI::App& app;
    Run& run;
    /// What runs for a parsed command; gives the exit status.
    std::map<const CLI::App*, std::function<int()>> verbs;

    /// Adds a verb below `parent`, shown under the heading `group`.
    CLI::App& verb(CLI::App& parent, const std::string& name, const std::string& description,
                   const std::string& group = "Verbs");
    CLI::App& verb(const std::string& name, const std::string& description, const std::string& group) {
        return verb(app, name, description, group);
    }
};

/// Writes `thing` as `-o json`, `yaml` or `name` says and is true; false when it wants a table.
bool write_as_data(Run& run, Format format, const json::value& thing);

/// An error that ends the program with the session's last log lines under it.
struct SessionFailed : Error {
    SessionFailed(std::string why, std::vector<std::string> lines, std::string what_now)
        : Error(Kind::internal, "session_failed", std::move(why), std::move(what_now)),
          last_log(std::move(lines)) {}
    std::vector<std::string> last_log;
};

/// Somebody pressed Ctrl-C while the program waited: exit status 130, after these words.
struct Interrupted : Error {
    Interrupted(std::string what, std::string next)
        : Error(Kind::unavailable, "interrupted", std::move(what), std::move(next)) {}
};

/// Wrong usage: exit status 2.
struct WrongUsage : Error {
    explicit WrongUsage(std::string what, std::string next = "see: berth --help")
        : Error(Kind::invalid, "wrong_usage", std::move(what), std::move(next)) {}
};

/// A name as it is typed into a shell: quoted where that is needed.
std::string shell_word(const std::string& name);

/// `berth: what: why`, log lines, and the next step, to standard error.
void write_error(Console& console, const Error& error);

/// Something that somebody is about to lose for good, in the words of who asks whether that is wanted.
struct Loss {
    std::string name;      ///< What stays as it was after a no.
    std::string question;  ///< `Remove template desktop? Its document is lost.`
    std::string would;     ///< The same where nobody can be asked: `template desktop would be removed: …`
    std::string command;   ///< What says yes beforehand: `berth templates rm -y desktop`
};

/// The rule of all verbs: what cannot be got back, and the end of somebody else's work, is asked for on a
/// terminal, and elsewhere needs -y. This is the asking, for who did not say -y. Throws `not_confirmed`.
void confirm(Run& run, const Loss& loss);
/// The half of it for verbs with a question of their own: throws where there is no terminal to ask on.
void require_terminal(const Run& run, const Loss& loss);
/// Adds `-y` with its help.
void add_yes_flag(CLI::App& verb, bool& yes);

using Names = std::vector<std::string>;

/// Does one thing to each of them; a failure of one is written and does not stop the others. Gives the exit
/// status.
int for_each(Run& run, const Names& names, const std::function<void(const std::string&)>& act);

// The verbs, by file.
void add_session_verbs(Grammar& grammar);
void add_stay_verbs(Grammar& grammar);
void add_launch_verb(Grammar& grammar);
void add_exec_verb(Grammar& grammar);
void add_logs_verb(Grammar& grammar);
void add_template_verbs(Grammar& grammar);
void add_workspace_verbs(Grammar& grammar);
void add_secret_verbs(Grammar& grammar);
void add_file_verbs(Grammar& grammar);
void add_key_verbs(Grammar& grammar);
void add_account_verbs(Grammar& grammar);
void add_admin_verbs(Grammar& grammar);
void add_sweep_verb(Grammar& grammar, CLI::App& admin);
void add_quota_verbs(Grammar& grammar, CLI::App& admin);
void add_tier_verbs(Grammar& grammar, CLI::App& admin);
void add_group_verbs(Grammar& grammar, CLI::App& admin);
void add_completion_verbs(Grammar& grammar);

}  // namespace berth::cli
