#include "cli/completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "cli/text_width.hpp"
#include "cli/views.hpp"

namespace berth::cli {
namespace {

// The words up to the cursor go to `berth __complete`, which answers with one candidate a line. A line that
// is only `:files` stands for the files of the current folder.
constexpr std::string_view bash_script = R"sh(_berth() {
    local current="${COMP_WORDS[COMP_CWORD]}" line
    local -a words=("${COMP_WORDS[@]:1:COMP_CWORD}")
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ "$line" == ":files" ]]; then
            compopt -o default 2>/dev/null
        elif [[ "$line" == "$current"* ]]; then
            COMPREPLY+=("$(printf '%q' "$line")")
        fi
    done < <("${COMP_WORDS[0]}" __complete -- "${words[@]}" 2>/dev/null)
}
complete -F _berth berth
)sh";

constexpr std::string_view zsh_script = R"sh(#compdef berth
_berth() {
    local -a found
    found=("${(@f)$(${words[1]} __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ "${found[1]}" == ":files" ]]; then
        _files
    else
        compadd -a found
    fi
}
if [[ "${funcstack[1]}" == "_berth" ]]; then
    _berth "$@"
else
    compdef _berth berth
fi
)sh";

constexpr std::string_view fish_script = R"sh(function __berth_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (command $words[1] __complete -- $words[2..-1] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c berth -f -a '(__berth_complete)'
)sh";

const CLI::App* find_verb(const CLI::App& app, const std::string& word) {
    for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
        if (verb->get_name() == word) return verb;
    return nullptr;
}

bool takes_value(const CLI::Option& option) {
    return option.get_items_expected_max() > 0 && option.get_type_size() != 0;
}

std::vector<const CLI::Option*> positionals(const CLI::App& app) {
    std::vector<const CLI::Option*> found;
    for (const auto* option : app.get_options())
        if (option->get_positional()) found.push_back(option);
    return found;
}

void add_options(const CLI::App& app, std::vector<std::string>& words) {
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) words.push_back("--" + name);
        for (const auto& name : option->get_snames()) words.push_back("-" + name);
    }
}

void add_verbs(const CLI::App& app, std::vector<std::string>& words) {
    for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
        if (!verb->get_group().empty()) words.push_back(verb->get_name());
}

std::vector<std::string> fixed_values(const std::string& noun) {
    if (noun == "FORMAT") return json::enum_names<Format>();
    if (noun == "SHELL") return {"bash", "zsh", "fish"};
    if (noun == "SCOPE") return {"read", "sessions", "admin"};
    if (noun == "PHASE")
        return {"pending",  "starting",   "running", "frozen",
                "stopping", "hibernated", "failed",  "terminating"};
    return {};
}

/// The type name without what checks of the value add to it.
Expected expect(const CLI::Option& option) {
    const auto type = option.get_type_name();
    const auto noun = type.substr(0, type.find(':'));
    return {fixed_values(noun), noun};
}

/// Where the words before the cursor lead.
struct Place {
    const CLI::App* verb;
    std::size_t arguments = 0;             ///< Already given to the verb.
    const CLI::Option* waiting = nullptr;  ///< An option whose value comes next.
    bool only_arguments = false;           ///< After `--`.
};

Place walk(const CLI::App& app, const std::vector<std::string>& before) {
    Place place{.verb = &app};
    for (const auto& word : before) {
        if (place.waiting != nullptr) {
            place.waiting = nullptr;
        } else if (place.only_arguments || word.size() < 2 || word.front() != '-') {
            const auto* verb =
                place.arguments == 0 && !place.only_arguments ? find_verb(*place.verb, word) : nullptr;
            if (verb == nullptr) ++place.arguments;
            if (verb != nullptr) place.verb = verb;
        } else if (word == "--") {
            place.only_arguments = true;
        } else if (word.find('=') == std::string::npos) {
            const auto* option = find_option(*place.verb, word);
            if (option != nullptr && takes_value(*option)) place.waiting = option;
        }
    }
    return place;
}

/// Names that the server knows; none when it does not answer: a Tab is no place for errors.
std::vector<std::string> names_of(Run& run, const std::string& noun) {
    const std::map<std::string, std::string> paths{{"SESSION", "/sessions"},     {"TEMPLATE", "/templates"},
                                                   {"WORKSPACE", "/workspaces"}, {"USER", "/users"},
                                                   {"TIER", "/tiers"},           {"GROUP", "/groups"}};
    const auto path = paths.find(noun);
    std::vector<std::string> names;
    // These come whole, on one page.
    const bool secrets = noun == "SECRET", uploads = noun == "UPLOAD";
    if (path == paths.end() && !secrets && !uploads) return names;
    try {
        const auto found = secrets   ? run.client().get("/users/me/secrets")
                           : uploads ? run.client().get("/users/me/files")
                                     : run.client().list(path->second, 1000);
        for (const auto& item : found.at("items").get_array())
            names.push_back(printable(text_at(item, uploads ? "path" : "name")));
    } catch (const std::exception&) {
        names.clear();
    }
    return names;
}

std::vector<std::string> component_names(Run& run, const std::vector<std::string>& words) {
    std::vector<std::string> names;
    for (const auto& word : words) {
        if (word.empty() || word.front() == '-' || word == "exec" || word == "logs") continue;
        try {
            const auto session = json::from_json<SessionView>(run.client().get("/sessions/" + segment(word)));
            for (const auto& component : session.status.components)
                names.push_back(printable(component.name));
            break;
        } catch (const std::exception&) {
            continue;
        }
    }
    return names;
}

int complete(Run& run, const CLI::App& app, const std::vector<std::string>& words) {
    const auto wanted = expected_words(app, words);
    auto found = wanted.words;
    const auto names = wanted.noun == "COMPONENT" ? component_names(run, words) : names_of(run, wanted.noun);
    found.insert(found.end(), names.begin(), names.end());
    if (wanted.noun == "FILE") found.emplace_back(":files");
    const auto typed = words.empty() ? std::string() : words.back();
    for (const auto& word : found)
        if (word == ":files" || word.starts_with(typed)) run.console.out << word << "\n";
    return 0;
}

}  // namespace

const CLI::Option* find_option(const CLI::App& app, const std::string& word) {
    for (const auto* at = &app; at != nullptr; at = at->get_parent()) {
        const auto name = word.substr(0, word.find('='));
        if (const auto* option = at->get_option_no_throw(name)) return option;
        // Of short flags written together the last may take a value.
        const bool together = word.size() > 2 && word[0] == '-' && word[1] != '-';
        if (together)
            if (const auto* option = at->get_option_no_throw(std::string("-") + word.back())) return option;
    }
    return nullptr;
}

Expected expected_words(const CLI::App& app, const std::vector<std::string>& words) {
    if (words.empty()) return expected_words(app, {""});
    const auto& typed = words.back();
    const auto place = walk(app, {words.begin(), words.end() - 1});
    if (place.waiting != nullptr) return expect(*place.waiting);
    Expected found;
    if (!place.only_arguments && typed.starts_with('-')) {
        for (const auto* at = place.verb; at != nullptr; at = at->get_parent()) add_options(*at, found.words);
        return found;
    }
    if (place.arguments == 0 && !place.only_arguments) add_verbs(*place.verb, found.words);
    const auto arguments = positionals(*place.verb);
    if (arguments.empty()) return found;
    const auto* const last = arguments.back();
    const bool more = place.arguments < arguments.size() || last->get_items_expected_max() > 1;
    if (!more) return found;
    auto values = expect(*arguments[std::min(place.arguments, arguments.size() - 1)]);
    found.words.insert(found.words.end(), values.words.begin(), values.words.end());
    found.noun = values.noun;
    return found;
}

std::string completion_script(const std::string& shell) {
    if (shell == "bash") return std::string(bash_script);
    if (shell == "zsh") return std::string(zsh_script);
    if (shell == "fish") return std::string(fish_script);
    throw WrongUsage(berth::quoted(shell) + " is not a shell known here", "take one of: bash, zsh, fish");
}

void add_completion_verbs(Grammar& grammar) {
    struct Said {
        std::string shell;
        std::vector<std::string> words;
    };
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    auto& script = grammar.verb("completion", "Print the script that completes verbs and names in your shell",
                                "Account");
    script.add_option("shell", said->shell, "bash, zsh or fish")->required()->type_name("SHELL");
    script.footer(
        "bash: source <(berth completion bash)\nzsh:  source <(berth completion zsh)\n"
        "fish: berth completion fish | source");
    grammar.verbs[&script] = [&run, said] {
        run.console.out << completion_script(said->shell);
        return 0;
    };
    auto& hidden = grammar.verb("__complete", "What can stand at the end of these words", "");
    hidden.add_option("words", said->words, "The words so far");
    grammar.verbs[&hidden] = [&run, said, &app = grammar.app] { return complete(run, app, said->words); };
}

}  // namespace berth::cli
