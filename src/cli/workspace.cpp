#include <fmt/format.h>

#include <ostream>

#include "cli/run.hpp"
#include "cli/steps.hpp"
#include "cli/text_width.hpp"
#include "cli/time_text.hpp"
#include "cli/views.hpp"

namespace berth::cli {
namespace {

struct Said {
    Names names;
    bool all = false, yes = false;
};

std::string sessions_text(const WorkspaceView& workspace) {
    std::string text;
    for (const auto& session : workspace.sessions)
        text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", session.name, session.phase);
    return text;
}

std::string volumes_text(const WorkspaceView& workspace) {
    std::string text;
    for (const auto& volume : workspace.volumes)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", volume.name, amount_text(volume.size));
    return text;
}

int list_workspaces(Run& run, bool everybody) {
    const auto found =
        run.client().list(everybody ? "/workspaces?sort=name&all=true" : "/workspaces?sort=name");
    const auto format = run.format();
    if (write_as_data(run, format, found)) return 0;
    const auto workspaces = json::from_json<std::vector<WorkspaceView>>(found.at("items"));
    if (workspaces.empty()) {
        run.console.err << "no workspaces; the first launch of a template that keeps files makes one\n";
        return 0;
    }
    Table table{{"NAME", "TEMPLATE", "SESSIONS", "VOLUMES", "LAST USED"}, {}};
    if (everybody) table.columns.insert(table.columns.begin(), "USER");
    if (format == Format::wide) table.columns.insert(table.columns.end(), {"CREATED", "ID"});
    for (const auto& one : workspaces) {
        const auto used = one.last_used_at ? relative_text(*one.last_used_at, run.now()) : "";
        std::vector<Cell> row{one.name, one.template_, sessions_text(one), volumes_text(one), used};
        if (everybody) row.insert(row.begin(), one.user.name);
        if (format == Format::wide) row.insert(row.end(), {relative_text(one.created_at, run.now()), one.id});
        table.rows.push_back(std::move(row));
    }
    run.console.out << render(table, run.colour());
    return 0;
}

/// Files die here, so the name is asked for and not just a yes.
void confirm_deletion(Run& run, const WorkspaceView& workspace) {
    const auto& name = workspace.name;
    require_terminal(run, {.name = name,
                           .would = fmt::format("workspace {} would be deleted with its files", name),
                           .command = "berth workspaces rm -y " + shell_word(name)});
    const auto lost = volumes_text(workspace);
    run.console.err << printable(fmt::format("Workspace {} and all files in it will be lost{}{}.", name,
                                             lost.empty() ? "" : ": ", lost))
                    << "\n";
    if (ask_line(run.console, "type its name to delete it: ") != name)
        throw Error(Kind::conflict, "not_confirmed", fmt::format("workspace {} stays as it was", name));
}

int remove_workspaces(Run& run, const Said& said) {
    return for_each(run, said.names, [&](const std::string& name) {
        const auto found = run.client().get("/workspaces/" + segment(name));
        const auto workspace = json::from_json<WorkspaceView>(found);
        if (!said.yes) confirm_deletion(run, workspace);
        run.client().remove("/workspaces/" + segment(workspace.id));
        run.console.out << label(workspace.name) << "deleted with its files\n";
    });
}

}  // namespace

void add_workspace_verbs(Grammar& grammar) {
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    auto& workspaces = grammar.verb("workspaces", "List and delete workspaces", "Templates and workspaces");
    workspaces.require_subcommand(0, 1);
    const auto list = [&run, said] { return list_workspaces(run, said->all); };
    grammar.verbs[&workspaces] = list;
    auto& ls = grammar.verb(workspaces, "ls", "List your workspaces");
    ls.add_flag("-a,--all", said->all, "Those of everybody (administrators)");
    grammar.verbs[&ls] = list;
    auto& rm = grammar.verb(workspaces, "rm", "Delete workspaces with their files");
    rm.add_option("names", said->names, "Names or ids")->required()->type_name("WORKSPACE");
    add_yes_flag(rm, said->yes);
    grammar.verbs[&rm] = [&run, said] { return remove_workspaces(run, *said); };
}

}  // namespace berth::cli
