#include <fmt/format.h>

#include <ostream>

#include "cli/limits.hpp"
#include "cli/steps.hpp"
#include "cli/text_width.hpp"
#include "cli/views.hpp"

namespace berth::cli {
namespace {

constexpr std::string_view none = "none";

struct Said {
    std::string name;
    std::optional<std::string> description, tier;
    LimitFlags limits;
    Names users;
    bool yes = false;
};

std::string tier_path(const std::string& name) {
    return "/tiers/" + segment(name);
}

std::string group_path(const std::string& name) {
    return "/groups/" + segment(name);
}

std::string number_at(const json::value& tree, std::string_view key) {
    return amount_text(tree.as_object().at(key));
}

int list_tiers(Run& run) {
    const auto found = run.client().list("/tiers");
    if (write_as_data(run, run.format(), found)) return 0;
    Table table{{"NAME", "USERS", "GROUPS", "LIMITS"}, {}};
    for (const auto& tier : found.at("items").get_array()) {
        std::string groups;
        for (const auto& group : tier.at("groups").as_array())
            groups += (groups.empty() ? "" : ", ") + std::string(group.as_string());
        table.rows.push_back(
            {text_at(tier, "name"), number_at(tier, "users"), groups, limits_line(quota_of(tier))});
    }
    run.console.out << render(table, run.colour());
    return 0;
}

int list_groups(Run& run) {
    const auto found = run.client().list("/groups");
    if (write_as_data(run, run.format(), found)) return 0;
    Table table{{"NAME", "MEMBERS", "TIER", "LIMITS TOGETHER", "DESCRIPTION"}, {}};
    for (const auto& group : found.at("items").get_array())
        table.rows.push_back({text_at(group, "name"), number_at(group, "members"), text_at(group, "tier"),
                              limits_line(quota_of(group)), text_at(group, "description")});
    run.console.out << render(table, run.colour());
    return 0;
}

int write_done(Run& run, const json::value& thing, const std::string& what) {
    if (write_as_data(run, run.format(), thing)) return 0;
    const auto limits = limits_line(quota_of(thing));
    run.console.out << label(text_at(thing, "name")) << what << (limits.empty() ? "; no limits" : "; ")
                    << limits << "\n";
    return 0;
}

int add_tier(Run& run, const Said& said) {
    json::object body{{"name", said.name}};
    body.emplace("quota", changed_quota({}, limits_said(said.limits, none)));
    return write_done(run, run.client().post("/tiers", std::move(body)), "tier made");
}

int set_tier(Run& run, const Said& said) {
    const auto before = run.client().get(tier_path(said.name));
    const auto quota = changed_quota(before, limits_said(said.limits, none));
    return write_done(run, run.client().patch(tier_path(said.name), json::object{{"quota", quota}}),
                      "tier changed");
}

/// What a group is to be besides its limits.
json::object group_body(const Said& said) {
    json::object body;
    if (said.description) body.emplace("description", *said.description);
    if (said.tier) body.emplace("tier", *said.tier == none ? "" : *said.tier);
    return body;
}

int add_group(Run& run, const Said& said) {
    auto body = group_body(said);
    body.emplace("name", said.name);
    body.emplace("quota", changed_quota({}, limits_said(said.limits, none)));
    return write_done(run, run.client().post("/groups", std::move(body)), "group made");
}

int set_group(Run& run, const Said& said) {
    const auto before = run.client().get(group_path(said.name));
    auto body = group_body(said);
    body.emplace("quota", changed_quota(before, limits_said(said.limits, none)));
    return write_done(run, run.client().patch(group_path(said.name), std::move(body)), "group changed");
}

int remove(Run& run, const Said& said, const std::string& noun, const std::string& path) {
    if (!said.yes)
        confirm(run, {.name = said.name,
                      .question = fmt::format("Remove {} {}? Its limits are lost.", noun, said.name),
                      .would = fmt::format("{} {} would be removed: its limits are lost", noun, said.name),
                      .command = fmt::format("berth admin {}s rm -y {}", noun, shell_word(said.name))});
    run.client().remove(path);
    run.console.out << label(said.name) << noun << " removed\n";
    return 0;
}

int list_members(Run& run, const Said& said) {
    const auto found = run.client().list(group_path(said.name) + "/members");
    if (write_as_data(run, run.format(), found)) return 0;
    Table table{{"NAME"}, {}};
    for (const auto& member : found.at("items").get_array()) table.rows.push_back({text_at(member, "name")});
    run.console.out << render(table, run.colour());
    return 0;
}

int join(Run& run, const Said& said) {
    return for_each(run, said.users, [&](const std::string& user) {
        run.client().put(group_path(said.name) + "/members/" + segment(user), json::object());
        run.console.out << label(user) << "is in group " << printable(said.name) << "\n";
    });
}

int leave(Run& run, const Said& said) {
    return for_each(run, said.users, [&](const std::string& user) {
        run.client().remove(group_path(said.name) + "/members/" + segment(user));
        run.console.out << label(user) << "is not in group " << printable(said.name)
                        << " any more; sessions and workspaces are kept\n";
    });
}

void add_name(CLI::App& verb, Said& said, const char* noun) {
    verb.add_option("name", said.name, "Its name")->required()->type_name(noun);
}

}  // namespace

void add_tier_verbs(Grammar& grammar, CLI::App& admin) {
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    auto& tiers = grammar.verb(admin, "tiers", "Named sets of limits for users and groups");
    tiers.require_subcommand(0, 1);
    grammar.verbs[&tiers] = [&run] { return list_tiers(run); };
    grammar.verbs[&grammar.verb(tiers, "ls", "List them")] = grammar.verbs[&tiers];
    auto& add = grammar.verb(tiers, "add", "Make a tier");
    add_name(add, *said, "NAME");
    add_limit_flags(add, said->limits, none);
    grammar.verbs[&add] = [&run, said] { return add_tier(run, *said); };
    auto& set = grammar.verb(tiers, "set", "Change its limits; those that are not named stay");
    add_name(set, *said, "TIER");
    add_limit_flags(set, said->limits, none);
    grammar.verbs[&set] = [&run, said] { return set_tier(run, *said); };
    auto& rm = grammar.verb(tiers, "rm", "Remove a tier that nobody has");
    add_name(rm, *said, "TIER");
    add_yes_flag(rm, said->yes);
    grammar.verbs[&rm] = [&run, said] { return remove(run, *said, "tier", tier_path(said->name)); };
}

void add_group_verbs(Grammar& grammar, CLI::App& admin) {
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    auto& groups =
        grammar.verb(admin, "groups", "Users that belong together, and what they may have together");
    groups.require_subcommand(0, 1);
    grammar.verbs[&groups] = [&run] { return list_groups(run); };
    grammar.verbs[&grammar.verb(groups, "ls", "List them")] = grammar.verbs[&groups];
    const auto add_flags = [&](CLI::App& verb) {
        verb.add_option("--description", said->description, "What others see")->type_name("TEXT");
        verb.add_option("--tier", said->tier, "Of each member that has none; none takes it away")
            ->type_name("TIER");
        add_limit_flags(verb, said->limits, none);
    };
    auto& add = grammar.verb(groups, "add", "Make a group; the limits are for all its members together");
    add_name(add, *said, "NAME");
    add_flags(add);
    grammar.verbs[&add] = [&run, said] { return add_group(run, *said); };
    auto& set = grammar.verb(groups, "set", "Change it; what is not named stays");
    add_name(set, *said, "GROUP");
    add_flags(set);
    grammar.verbs[&set] = [&run, said] { return set_group(run, *said); };
    auto& rm = grammar.verb(groups, "rm", "Remove a group that has no members");
    add_name(rm, *said, "GROUP");
    add_yes_flag(rm, said->yes);
    grammar.verbs[&rm] = [&run, said] { return remove(run, *said, "group", group_path(said->name)); };
    auto& members = grammar.verb(groups, "members", "Who is in it");
    add_name(members, *said, "GROUP");
    grammar.verbs[&members] = [&run, said] { return list_members(run, *said); };
    auto& in = grammar.verb(groups, "join", "Put users into it");
    add_name(in, *said, "GROUP");
    in.add_option("users", said->users, "Who")->required()->type_name("USER");
    grammar.verbs[&in] = [&run, said] { return join(run, *said); };
    auto& out = grammar.verb(groups, "leave", "Take users out of it");
    add_name(out, *said, "GROUP");
    out.add_option("users", said->users, "Who")->required()->type_name("USER");
    grammar.verbs[&out] = [&run, said] { return leave(run, *said); };
}

}  // namespace berth::cli
