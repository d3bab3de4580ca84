#include <fmt/format.h>

#include <ostream>

#include "cli/limits.hpp"
#include "cli/text_width.hpp"
#include "cli/views.hpp"

namespace berth::cli {
namespace {

constexpr std::string_view as_everybody = "default";

struct Said {
    std::string user;
    LimitFlags limits;
};

struct CountUse {
    std::optional<std::int64_t> limit;
    std::int64_t used = 0;
    std::string whose;
};
BOOST_DESCRIBE_STRUCT(CountUse, (), (limit, used, whose))

struct CpuUse {
    std::optional<MilliCpu> limit;
    MilliCpu used;
    std::string whose;
};
BOOST_DESCRIBE_STRUCT(CpuUse, (), (limit, used, whose))

struct BytesUse {
    std::optional<Bytes> limit;
    Bytes used;
    std::string whose;
};
BOOST_DESCRIBE_STRUCT(BytesUse, (), (limit, used, whose))

struct QuotaUse {
    CountUse sessions, running;
    CpuUse cpu;
    BytesUse memory;
    CountUse gpu, workspaces;
    BytesUse storage;
};
BOOST_DESCRIBE_STRUCT(QuotaUse, (), (sessions, running, cpu, memory, gpu, workspaces, storage))

struct StayLimit {
    std::string what, reason, after, whose;
};
BOOST_DESCRIBE_STRUCT(StayLimit, (), (what, reason, after, whose))

struct GroupUse {
    std::string name, description, tier;
    QuotaUse quota;
};
BOOST_DESCRIBE_STRUCT(GroupUse, (), (name, description, tier, quota))

struct Allowance {
    std::string tier;
    QuotaUse quota;
    std::vector<StayLimit> stay;
    std::vector<GroupUse> groups;
};
BOOST_DESCRIBE_STRUCT(Allowance, (), (tier, quota, stay, groups))

std::int64_t count_of(std::int64_t number) {
    return number;
}
std::int64_t count_of(MilliCpu amount) {
    return amount.count;
}
std::int64_t count_of(Bytes amount) {
    return amount.count;
}
std::string text_of(std::int64_t number) {
    return std::to_string(number);
}
template <class Amount>
std::string text_of(Amount amount) {
    return to_string(amount);
}

template <class Use>
std::vector<Cell> row_of(const char* what, const Use& use) {
    if (!use.limit) return {what, text_of(use.used), ""};
    const auto most = static_cast<double>(count_of(*use.limit));
    const auto used = static_cast<double>(count_of(use.used));
    const auto part = most > 0 ? used / most : (used > 0 ? 1.0 : 0.0);
    return {what, {use_text(part, text_of(use.used), text_of(*use.limit)), part >= 1 ? "33" : ""}, use.whose};
}

/// `limited`: only what has a limit; a group says nothing of the rest.
std::string use_table(const QuotaUse& use, bool limited, Colour colour) {
    Table table{{"WHAT", "USE", "WHOSE LIMIT"}, {}};
    const auto add = [&](const char* what, const auto& one) {
        if (one.limit || !limited) table.rows.push_back(row_of(what, one));
    };
    add("sessions", use.sessions);
    add("running", use.running);
    add("cpu", use.cpu);
    add("memory", use.memory);
    add("gpu", use.gpu);
    add("workspaces", use.workspaces);
    add("storage", use.storage);
    return table.rows.empty() ? std::string() : render(table, colour);
}

int show_use(Run& run, const Said& said) {
    const auto path = said.user.empty() ? "/users/me" : "/users/" + segment(said.user) + "/quota";
    const auto found = run.client().get(path);
    if (write_as_data(run, run.format(), found)) return 0;
    const auto mine = json::from_json<Allowance>(found, json::Unknown::ignore);
    auto& out = run.console.out;
    out << use_table(mine.quota, false, run.colour());
    for (const auto& limit : mine.stay)
        out << printable(fmt::format(
                   "a session {} after {} {} ({})", limit.what == "frozen" ? "freezes" : "stops", limit.after,
                   limit.reason == "lifetime" ? "of running" : "without activity", limit.whose))
            << "\n";
    for (const auto& group : mine.groups) {
        const auto table = use_table(group.quota, true, run.colour());
        if (table.empty()) continue;
        const auto about = group.description.empty() ? "" : " (" + group.description + ")";
        out << "\n"
            << printable(fmt::format("group {}{}, all members together", group.name, about)) << "\n"
            << table;
    }
    return 0;
}

int change_or_show(Run& run, const Said& said) {
    const auto body = limits_said(said.limits, as_everybody);
    const auto path = "/users/" + segment(said.user);
    json::value found;
    if (said.user.empty()) {
        for (const auto& limit : body)
            if (limit.value().is_null())
                throw WrongUsage("admin quota: --" + std::string(limit.key()) + " default is for one user",
                                 "name them with --user");
        found = body.empty() ? run.client().get("/quota") : run.client().put("/quota", body);
    } else if (body.empty()) {
        found = quota_of(run.client().get(path));
    } else {
        const auto wanted = changed_quota(run.client().get(path), body);
        found = quota_of(run.client().patch(path, json::object{{"quota", wanted}}));
    }
    if (write_as_data(run, run.format(), found)) return 0;
    Table table{{"WHAT", "LIMIT"}, {}};
    if (const auto* limits = found.if_object())
        for (const auto& limit : *limits)
            table.rows.push_back({std::string(limit.key()), amount_text(limit.value())});
    if (table.rows.empty())
        run.console.out << printable(said.user) << " has no limits of their own; what holds for them: "
                        << "berth quota --user " << printable(shell_word(said.user)) << "\n";
    else
        run.console.out << render(table, run.colour());
    return 0;
}

}  // namespace

void add_quota_verbs(Grammar& grammar, CLI::App& admin) {
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    auto& own = grammar.verb("quota", "What you may have, what you have, and whose each limit is", "Account");
    own.add_option("--user", said->user, "Of this user, for administrators")->type_name("USER");
    grammar.verbs[&own] = [&run, said] { return show_use(run, *said); };
    auto& limits = grammar.verb(admin, "quota", "Show or change what users may have");
    limits.add_option("--user", said->user, "Of this user instead of everybody's")->type_name("USER");
    add_limit_flags(limits, said->limits, as_everybody);
    grammar.verbs[&limits] = [&run, said] { return change_or_show(run, *said); };
}

}  // namespace berth::cli
