#include "cli/cli.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "cli/completion.hpp"
#include "cli/run.hpp"
#include "cli/text_width.hpp"

namespace berth::cli {
namespace {

using Words = std::vector<std::string>;

constexpr int failed = 1;
constexpr int wrong_usage = 2;
constexpr int interrupted = 130;

void add_global_options(CLI::App& app, Options& options) {
    app.add_option("--url", options.url, "The Berth to talk to [BERTH_URL, else the one signed in to]")
        ->type_name("URL");
    app.add_option("--token", options.token, "A token to use [BERTH_TOKEN]")->type_name("TOKEN");
    app.add_flag("--local", options.local,
                 "Talk to this machine's Berth over its private socket, as its administrator");
    app.add_option("--socket", options.socket, "That socket, when it is elsewhere [BERTH_SOCKET]")
        ->type_name("FILE");
    app.add_option("-o,--output", options.output, "How to print it")
        ->type_name("FORMAT")
        ->check(CLI::IsMember({"table", "wide", "json", "yaml", "name"}));
    app.add_flag("--no-color", options.no_color, "No colours [NO_COLOR]");
}

void add_server_verbs(Grammar& grammar, const ServerVerbs& verbs) {
    const auto add = [&](const char* name, const char* description, const AddVerb& fill) {
        if (!fill) return;
        auto& verb = grammar.verb(name, description, "Server");
        grammar.verbs[&verb] = fill(verb);
        verb.description(description);
    };
    add("up", "Run a Berth for yourself on this machine", verbs.up);
    add("down", "Stop the Berth of this machine", verbs.down);
    add("serve", "Run a Berth as a service", verbs.serve);
    add("doctor", "Say what works on this machine and what to fix", verbs.doctor);
    add("config", "Print the configuration that is in force", verbs.config);
    add("migrate", "Copy everything from one database to another", verbs.migrate);
    add("openapi", "Print the contract of the API", verbs.openapi);
    add("crds", "Print the definitions of the custom resources of Kubernetes", verbs.crds);
}

void add_verbs(Grammar& grammar, const ServerVerbs& verbs) {
    grammar.app.set_help_flag("-h,--help", "Show this help");
    add_global_options(grammar.app, grammar.run.options);
    add_launch_verb(grammar);
    add_session_verbs(grammar);
    add_stay_verbs(grammar);
    add_exec_verb(grammar);
    add_logs_verb(grammar);
    add_template_verbs(grammar);
    add_workspace_verbs(grammar);
    add_secret_verbs(grammar);
    add_file_verbs(grammar);
    add_account_verbs(grammar);
    add_completion_verbs(grammar);
    add_admin_verbs(grammar);
    add_key_verbs(grammar);
    add_server_verbs(grammar, verbs);
    grammar.app.get_formatter()->label("SUBCOMMAND", "VERB");
    grammar.app.get_formatter()->column_width(34);
    grammar.app.require_subcommand(1);
    grammar.app.footer(
        "A program berth-NAME on the path is the verb NAME. More about one: berth VERB --help");
}

bool is_option(const std::string& word) {
    return word.size() > 1 && word.front() == '-';
}

/// Index of the first word from `from` on that is no option and no value of one; the size when there is none.
std::size_t next_argument(const CLI::App& app, const Words& words, std::size_t from) {
    for (auto i = from; i < words.size(); ++i) {
        if (words[i] == "--" || !is_option(words[i])) return i;
        const auto* option = find_option(app, words[i]);
        const bool value =
            option != nullptr && option->get_items_expected_max() > 0 && option->get_type_size() != 0;
        if (value && words[i].find('=') == std::string::npos) ++i;
    }
    return words.size();
}

Words verb_names(const CLI::App& app) {
    Words names;
    for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
        if (!verb->get_group().empty()) names.push_back(verb->get_name());
    return names;
}

std::string suggestion(const std::string& word, const Words& known, const std::string& otherwise) {
    const auto near = nearest(word, known);
    return near.empty() ? otherwise : fmt::format("did you mean {}? {}", berth::quoted(near), otherwise);
}

/// Becomes the program `berth-VERB`. What was said for all verbs goes along in the environment.
void become_program(Run& run, const CLI::App& app, const Words& words, std::size_t verb) {
    const auto program = find_program(run.console, "berth-" + words[verb]);
    if (program.empty()) return;
    for (std::size_t i = 0; i + 1 < verb; ++i) {
        const auto* const option = find_option(app, words[i]);
        if (option == nullptr || words[i].find('=') != std::string::npos) continue;
        if (option->check_lname("url")) ::setenv("BERTH_URL", words[i + 1].c_str(), 1);
        if (option->check_lname("token")) ::setenv("BERTH_TOKEN", words[i + 1].c_str(), 1);
    }
    std::vector<char*> arguments{const_cast<char*>(program.c_str())};
    for (auto i = verb + 1; i < words.size(); ++i) arguments.push_back(const_cast<char*>(words[i].c_str()));
    arguments.push_back(nullptr);
    ::execv(program.c_str(), arguments.data());
    throw Error(Kind::unavailable, "not_started", fmt::format("cannot start {}", program));
}

/// Refuses a verb that is not there, names the nearest one, or becomes the program that it stands for.
void require_verb(Grammar& grammar, const Words& words) {
    const auto at = next_argument(grammar.app, words, 0);
    if (at >= words.size() || words[at] == "--") return;
    const auto known = verb_names(grammar.app);
    if (words[at] == "__complete" || std::ranges::find(known, words[at]) != known.end()) return;
    become_program(grammar.run, grammar.app, words, at);
    throw WrongUsage(fmt::format("there is no verb {}", berth::quoted(words[at])),
                     suggestion(words[at], known, "see: berth --help"));
}

/// In `exec NAME ls -l` the command begins after the name, as `--` would say.
Words mark_command(const CLI::App& app, Words words) {
    const auto verb = next_argument(app, words, 0);
    if (verb >= words.size() || words[verb] != "exec") return words;
    const auto* const exec = app.get_subcommand("exec");
    const auto name = next_argument(*exec, words, verb + 1);
    if (name >= words.size() || words[name] == "--") return words;
    const auto command = next_argument(*exec, words, name + 1);
    if (command < words.size() && words[command] != "--")
        words.insert(words.begin() + static_cast<long>(command), "--");
    return words;
}

/// The parsed verb that stands deepest.
const CLI::App* deepest(const CLI::App& app) {
    const auto* at = &app;
    while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
    return at;
}

std::string full_name(const CLI::App* verb) {
    std::string name;
    for (; verb != nullptr && verb->get_parent() != nullptr; verb = verb->get_parent())
        name = verb->get_name() + (name.empty() ? "" : " " + name);
    return name.empty() ? "berth" : "berth " + name;
}

/// What is wrong with how it was called, in our words.
WrongUsage usage_error(const CLI::App& app, const CLI::ParseError& error) {
    const auto* const verb = deepest(app);
    const auto help = fmt::format("see: {} --help", full_name(verb));
    auto left = app.remaining(true);
    std::erase(left, "--");
    if (left.empty()) {
        std::string what = error.what();
        for (auto& letter : what)
            if (letter == '\n') letter = ' ';
        return WrongUsage(fmt::format("{}: {}", full_name(verb).substr(verb == &app ? 0 : 6), what), help);
    }
    const auto& word = left.front();
    if (is_option(word)) {
        Words known;
        for (const auto* at = verb; at != nullptr; at = at->get_parent())
            for (const auto* option : at->get_options())
                for (const auto& name : option->get_lnames()) known.push_back("--" + name);
        return WrongUsage(fmt::format("{} has no option {}", full_name(verb), berth::quoted(word)),
                          suggestion(word, known, help));
    }
    const auto verbs = verb_names(*verb);
    if (verbs.empty())
        return WrongUsage(fmt::format("{}: {} is too much", full_name(verb), berth::quoted(word)), help);
    return WrongUsage(fmt::format("{} has no verb {}", full_name(verb), berth::quoted(word)),
                      suggestion(word, verbs, help));
}

int parse_and_run(Grammar& grammar, Words words) {
    auto& app = grammar.app;
    if (words.empty()) {
        grammar.run.console.err << app.help();
        return wrong_usage;
    }
    require_verb(grammar, words);
    words = mark_command(app, std::move(words));
    std::ranges::reverse(words);
    try {
        app.parse(std::move(words));
    } catch (const CLI::CallForHelp&) {
        const auto* const asked = deepest(app);
        const auto* const above = asked->get_parent();
        grammar.run.console.out << asked->help(above == nullptr ? "" : full_name(above));
        return 0;
    } catch (const CLI::ParseError& error) {
        throw usage_error(app, error);
    }
    const auto* const chosen = deepest(app);
    const auto verb = grammar.verbs.find(chosen);
    if (verb == grammar.verbs.end()) throw WrongUsage(fmt::format("{} needs a verb", full_name(chosen)));
    return verb->second();
}

}  // namespace

int run_on(Console& console, const Words& words, const ServerVerbs& verbs) {
    Run run(console);
    CLI::App app("On-demand sessions in containers: pick a template, get a place to work.", "berth");
    Grammar grammar{app, run, {}};
    try {
        add_verbs(grammar, verbs);
        const int status = parse_and_run(grammar, words);
        console.out << std::flush;
        return status;
    } catch (const Interrupted& error) {
        write_error(console, error);
        return interrupted;
    } catch (const WrongUsage& error) {
        write_error(console, error);
        return wrong_usage;
    } catch (const Error& error) {
        write_error(console, error);
        return failed;
    } catch (const std::exception& error) {
        write_error(console, Error(Kind::internal, "internal", error.what()));
        return failed;
    }
}

int run(int argc, char** argv, const ServerVerbs& verbs) {
    auto console = system_console();
    return run_on(console, Words(argv + std::min(argc, 1), argv + argc), verbs);
}

}  // namespace berth::cli
