#include <fmt/format.h>

#include <ostream>

#include "cli/run.hpp"
#include "cli/steps.hpp"
#include "cli/text_width.hpp"
#include "cli/time_text.hpp"
#include "cli/views.hpp"

namespace berth::cli {
namespace {

constexpr std::string_view none = "none";

struct Said {
    std::string name, display_name, email, user, tier;
    std::string token_name = "berth admin token", scope = "admin", lasts = "720h";
    bool admin = false, yes = false;
    int limit = 50;
};

std::string user_path(const std::string& name) {
    return "/users/" + segment(name);
}

int list_users(Run& run) {
    const auto found = run.client().list("/users?sort=name");
    const auto format = run.format();
    if (write_as_data(run, format, found)) return 0;
    Table table{{"NAME", "ROLE", "TIER", "STATE", "LAST SIGN-IN", "EMAIL"}, {}};
    if (format == Format::wide) table.columns.insert(table.columns.end(), {"DISPLAY NAME", "ID"});
    for (const auto& user : json::from_json<std::vector<UserView>>(found.at("items"))) {
        const auto last = user.last_login_at ? relative_text(*user.last_login_at, run.now()) : "";
        std::vector<Cell> row{user.name, user.role,
                              user.tier, user.active ? "active" : "deactivated",
                              last,      user.email.value_or("")};
        if (format == Format::wide) row.insert(row.end(), {user.display_name, user.id});
        table.rows.push_back(std::move(row));
    }
    run.console.out << render(table, run.colour());
    return 0;
}

int set_tier(Run& run, const Said& said) {
    const auto tier = said.tier == none ? std::string() : said.tier;
    const auto user = run.client().patch(user_path(said.name), json::object{{"tier", tier}});
    if (write_as_data(run, run.format(), user)) return 0;
    run.console.out << label(said.name) << (tier.empty() ? "has no tier of their own" : "has tier " + tier)
                    << "; see: berth quota --user " << printable(shell_word(said.name)) << "\n";
    return 0;
}

/// The link alone, so that it can be piped; what it is for goes beside it.
int write_link(Run& run, const std::string& name, const json::value& answer) {
    if (write_as_data(run, run.format(), answer)) return 0;
    run.console.err << printable(fmt::format("a sign-in link for {}, it works once:", name)) << "\n"
                    << std::flush;
    run.console.out << printable(text_at(answer, "signInLink")) << "\n";
    return 0;
}

int add_user(Run& run, const Said& said) {
    json::object body{{"name", said.name}, {"role", said.admin ? "admin" : "user"}};
    if (!said.display_name.empty()) body.emplace("displayName", said.display_name);
    if (!said.email.empty()) body.emplace("email", said.email);
    if (!said.tier.empty()) body.emplace("tier", said.tier);
    return write_link(run, said.name, run.client().post("/users", std::move(body)));
}

int deactivate(Run& run, const Said& said) {
    const auto& name = said.name;
    if (!said.yes)
        confirm(run, {.name = name,
                      .question = fmt::format(
                          "Deactivate {}? Sign-ins and tokens end; sessions and workspaces are kept.", name),
                      .would = fmt::format("{} would be deactivated: sign-ins and tokens end", name),
                      .command = "berth admin users deactivate -y " + shell_word(name)});
    const auto user = run.client().remove(user_path(said.name));
    if (write_as_data(run, run.format(), user)) return 0;
    run.console.out << label(said.name) << "deactivated; sessions and workspaces are kept\n";
    return 0;
}

int activate(Run& run, const Said& said) {
    const auto user = run.client().patch(user_path(said.name), json::object{{"active", true}});
    if (write_as_data(run, run.format(), user)) return 0;
    run.console.out << label(said.name)
                    << "active again; make a sign-in link for them if they need a new password\n";
    return 0;
}

int make_token(Run& run, const Said& said) {
    json::object body{{"name", said.token_name}, {"scope", said.scope}};
    if (said.lasts != "never") body.emplace("expiresIn", said.lasts);
    const auto token = run.client().post("/users/me/tokens", std::move(body));
    if (!write_as_data(run, run.format(), token)) run.console.out << text_at(token, "token") << "\n";
    return 0;
}

int audit(Run& run, const Said& said) {
    const auto path = said.user.empty() ? "/admin/audit" : "/admin/audit?actor=" + segment(said.user);
    const auto found = run.client().list(path, static_cast<std::size_t>(said.limit));
    const auto format = run.format();
    if (write_as_data(run, format, found)) return 0;
    Table table{{"TIME (UTC)", "WHO", "WHAT", "SUBJECT"}, {}};
    if (format == Format::wide) table.columns.insert(table.columns.end(), {"SEQUENCE", "DATA"});
    const auto& items = found.at("items").get_array();
    for (const auto& item : items) {
        const auto event = json::from_json<EventView>(item);
        const auto subject = event.subject.empty() ? "" : event.subject_kind + " " + event.subject;
        std::vector<Cell> row{exact_text(event.at), event.actor, event.kind, subject};
        const auto* data = item.get_object().if_contains("data");
        if (format == Format::wide)
            row.insert(row.end(),
                       {std::to_string(event.sequence), data == nullptr ? "" : json::write(*data)});
        table.rows.push_back(std::move(row));
    }
    run.console.out << render(table, run.colour());
    return 0;
}

void add_users(Grammar& grammar, CLI::App& admin, const std::shared_ptr<Said>& said) {
    auto& run = grammar.run;
    auto& users = grammar.verb(admin, "users", "List, add and deactivate users, and give them tiers");
    users.require_subcommand(0, 1);
    const auto list = [&run] { return list_users(run); };
    grammar.verbs[&users] = list;
    grammar.verbs[&grammar.verb(users, "ls", "List everybody")] = list;
    auto& add = grammar.verb(users, "add", "Add a user and print their first sign-in link");
    add.add_option("name", said->name, "Name to sign in with")->required()->type_name("NAME");
    add.add_flag("--admin", said->admin, "Make them an administrator");
    add.add_option("--display-name", said->display_name, "What others see")->type_name("TEXT");
    add.add_option("--email", said->email, "Their address")->type_name("ADDRESS");
    add.add_option("--tier", said->tier, "Whose limits they have")->type_name("TIER");
    grammar.verbs[&add] = [&run, said] { return add_user(run, *said); };
    auto& link = grammar.verb(users, "sign-in-link", "Print a link that signs a user in once");
    link.add_option("name", said->name, "Name or id")->required()->type_name("USER");
    grammar.verbs[&link] = [&run, said] {
        return write_link(run, said->name, run.client().post(user_path(said->name) + "/sign-in-link"));
    };
    auto& tier = grammar.verb(users, "tier", "Give a user a tier");
    tier.add_option("name", said->name, "Name or id")->required()->type_name("USER");
    tier.add_option("tier", said->tier, "Its name, or none")->required()->type_name("TIER");
    grammar.verbs[&tier] = [&run, said] { return set_tier(run, *said); };
    auto& off = grammar.verb(users, "deactivate", "End a user's sign-ins and tokens");
    off.add_option("name", said->name, "Name or id")->required()->type_name("USER");
    add_yes_flag(off, said->yes);
    grammar.verbs[&off] = [&run, said] { return deactivate(run, *said); };
    auto& on = grammar.verb(users, "activate", "Let a deactivated user sign in again");
    on.add_option("name", said->name, "Name or id")->required()->type_name("USER");
    grammar.verbs[&on] = [&run, said] { return activate(run, *said); };
}

}  // namespace

void add_admin_verbs(Grammar& grammar) {
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    auto& admin = grammar.verb("admin", "Users, groups, tiers, tokens, audit log, quota and sweeping",
                               "Administration");
    admin.require_subcommand(1);
    add_users(grammar, admin, said);
    auto& token = grammar.verb(admin, "token",
                               "Make a token and print it; with --local as this machine's administrator");
    token.add_option("--name", said->token_name, "What it is for")->capture_default_str()->type_name("NAME");
    token.add_option("--scope", said->scope, "What it allows at most")
        ->capture_default_str()
        ->type_name("SCOPE")
        ->check(CLI::IsMember({"read", "sessions", "admin"}));
    token.add_option("--expires-in", said->lasts, "How long it works: 90m, 720h, never")
        ->capture_default_str()
        ->type_name("DURATION");
    grammar.verbs[&token] = [&run, said] { return make_token(run, *said); };
    auto& log = grammar.verb(admin, "audit", "Who did what, newest first");
    log.add_option("--limit", said->limit, "At most this many")
        ->capture_default_str()
        ->type_name("N")
        ->check(CLI::Range(1, 10000));
    log.add_option("--user", said->user, "Only what this user did")->type_name("USER");
    grammar.verbs[&log] = [&run, said] { return audit(run, *said); };
    add_quota_verbs(grammar, admin);
    add_tier_verbs(grammar, admin);
    add_group_verbs(grammar, admin);
    add_sweep_verb(grammar, admin);
}

}  // namespace berth::cli
