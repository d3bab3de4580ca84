#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <ostream>
#include <thread>

#include "cli/run.hpp"
#include "cli/steps.hpp"
#include "cli/text_width.hpp"
#include "cli/time_text.hpp"

namespace berth::cli {
namespace {

constexpr std::size_t value_max = std::size_t{64} << 10;
constexpr auto poll = std::chrono::milliseconds(500);

struct Said {
    Names names;
    std::string name, file;
    bool yes = false, no_wait = false;
};

struct SecretView {
    std::string name;
    int version = 1;
    Time created_at{};
    Time updated_at{};
};
BOOST_DESCRIBE_STRUCT(SecretView, (), (name, version, created_at, updated_at))

struct KeyView {
    std::string id;
    Time created_at{};
    std::optional<Time> retired_at;
    std::int64_t sealed = 0;
};
BOOST_DESCRIBE_STRUCT(KeyView, (), (id, created_at, retired_at, sealed))

struct KeysView {
    std::vector<KeyView> items;
    bool rotating = false;
    std::optional<std::string> locked;
};
BOOST_DESCRIBE_STRUCT(KeysView, (), (items, rotating, locked))

int list_secrets(Run& run) {
    const auto found = run.client().get("/users/me/secrets");
    if (write_as_data(run, run.format(), found)) return 0;
    const auto secrets = json::from_json<std::vector<SecretView>>(found.at("items"));
    if (secrets.empty()) {
        run.console.err << "no secrets; set one with: berth secrets set NAME\n";
        return 0;
    }
    Table table{{"NAME", "CHANGED", "VERSION"}, {}};
    for (const auto& one : secrets)
        table.rows.push_back(
            {one.name, relative_text(one.updated_at, run.now()), std::to_string(one.version)});
    run.console.out << render(table, run.colour());
    return 0;
}

SecretText content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw Error(Kind::invalid, "file_unreadable", fmt::format("{} cannot be read", path));
    std::string text(value_max + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return SecretText(std::move(text));
}

/// From where nobody else sees it: an argument is in the list of processes and in the shell's history.
SecretText read_value(Run& run, const Said& said) {
    if (!said.file.empty() && said.file != "-") return content_of(said.file);
    if (run.console.in_terminal && said.file.empty())
        return ask_secret(run.console, fmt::format("value of {}: ", said.name));
    auto text = read_input(run.console, value_max + 1);
    // Of `echo` and here-strings; a value that ends in one comes from a file.
    if (said.file.empty() && text.ends_with('\n')) text.pop_back();
    return SecretText(std::move(text));
}

int set_secret(Run& run, const Said& said) {
    const auto value = read_value(run, said);
    if (value.empty())
        throw Error(Kind::invalid, "no_value",
                    fmt::format("secret {}: an empty value says nothing", said.name),
                    "to take it away: berth secrets rm " + shell_word(said.name));
    const auto set =
        run.client().put("/users/me/secrets/" + segment(said.name), json::object{{"value", value.reveal()}});
    if (write_as_data(run, run.format(), set)) return 0;
    run.console.out << label(said.name) << (json::from_json<SecretView>(set).version == 1 ? "set" : "changed")
                    << "\n";
    return 0;
}

int remove_secrets(Run& run, const Said& said) {
    return for_each(run, said.names, [&](const std::string& name) {
        if (!said.yes)
            confirm(run, {.name = "secret " + name,
                          .question = fmt::format("Delete secret {}? Its value is lost.", name),
                          .would = fmt::format("secret {} would be deleted: its value is lost", name),
                          .command = "berth secrets rm -y " + shell_word(name)});
        run.client().remove("/users/me/secrets/" + segment(name));
        run.console.out << label(name) << "deleted\n";
    });
}

std::int64_t left_of(const KeysView& keys) {
    std::int64_t left = 0;
    for (const auto& key : keys.items)
        if (key.retired_at) left += key.sealed;
    return left;
}

int list_keys(Run& run) {
    const auto found = run.client().get("/admin/keys");
    if (write_as_data(run, run.format(), found)) return 0;
    const auto keys = json::from_json<KeysView>(found);
    if (keys.locked) run.console.err << printable(*keys.locked) << "\n";
    Table table{{"KEY", "STATE", "MADE", "SEALED UNDER IT"}, {}};
    for (const auto& key : keys.items)
        table.rows.push_back({key.id, key.retired_at ? "retired" : "in use",
                              relative_text(key.created_at, run.now()), std::to_string(key.sealed)});
    run.console.out << render(table, run.colour());
    return keys.locked ? 1 : 0;
}

int rotate_keys(Run& run, const Said& said) {
    auto found = run.client().post("/admin/keys/rotate");
    auto keys = json::from_json<KeysView>(found);
    std::int64_t told = -1;
    while (!said.no_wait && left_of(keys) > 0) {
        if (left_of(keys) != told) run.console.err << "left to seal anew: " << left_of(keys) << "\n";
        told = left_of(keys);
        std::this_thread::sleep_for(poll);
        found = run.client().get("/admin/keys");
        keys = json::from_json<KeysView>(found);
    }
    if (write_as_data(run, run.format(), found)) return 0;
    run.console.out << (left_of(keys) == 0 ? "rotated: everything is sealed under the new key\n"
                                           : "rotating: see berth keys ls\n");
    return 0;
}

}  // namespace

void add_secret_verbs(Grammar& grammar) {
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    auto& secrets = grammar.verb("secrets", "Values that your sessions get and nobody is shown",
                                 "Templates and workspaces");
    secrets.require_subcommand(0, 1);
    grammar.verbs[&secrets] = [&run] { return list_secrets(run); };
    auto& ls = grammar.verb(secrets, "ls", "List the names of your secrets");
    grammar.verbs[&ls] = [&run] { return list_secrets(run); };
    auto& set =
        grammar.verb(secrets, "set", "Set one, from what is typed or comes in, never from an argument");
    set.add_option("name", said->name, "Name, as of a variable")->required()->type_name("SECRET");
    set.add_option("--from-file", said->file, "Take the content of this file as it is; - is standard input")
        ->type_name("FILE");
    grammar.verbs[&set] = [&run, said] { return set_secret(run, *said); };
    auto& rm = grammar.verb(secrets, "rm", "Delete secrets");
    rm.add_option("names", said->names, "Names")->required()->type_name("SECRET");
    add_yes_flag(rm, said->yes);
    grammar.verbs[&rm] = [&run, said] { return remove_secrets(run, *said); };
}

void add_key_verbs(Grammar& grammar) {
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    auto& keys = grammar.verb("keys", "The keys that secrets and files are sealed under", "Administration");
    keys.require_subcommand(0, 1);
    grammar.verbs[&keys] = [&run] { return list_keys(run); };
    auto& ls = grammar.verb(keys, "ls", "List them, and what is under each");
    grammar.verbs[&ls] = [&run] { return list_keys(run); };
    auto& rotate = grammar.verb(keys, "rotate", "Make a new one, and seal everything anew under it");
    rotate.add_flag("--no-wait", said->no_wait, "Do not wait until that is done");
    grammar.verbs[&rotate] = [&run, said] { return rotate_keys(run, *said); };
}

}  // namespace berth::cli
