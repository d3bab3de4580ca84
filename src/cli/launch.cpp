#include <fmt/format.h>

#include "cli/session.hpp"
#include "cli/text_width.hpp"
#include "cli/wait.hpp"

namespace berth::cli {
namespace {

struct Said {
    std::string template_name, name, workspace, freeze_after, hibernate_after, max_lifetime;
    int revision = 0;
    bool wait = false, open = false, yes = false;
};

struct NeedView {
    std::string name;
    bool there = false, agreed = false;
};
BOOST_DESCRIBE_STRUCT(NeedView, (), (name, there, agreed))

/// What the template asks for and its user has not agreed to.
std::vector<std::string> open_needs(Run& run, const std::string& name) {
    const auto found = run.client().get("/templates/" + segment(name) + "/needs");
    std::vector<std::string> names;
    for (const auto& need : json::from_json<std::vector<NeedView>>(found.at("items")))
        if (need.there && !need.agreed) names.push_back(need.name);
    return names;
}

/// Launches; what the template asks for of its user's own is agreed to by `-y` or on the terminal.
json::value launch_agreed(Run& run, const Said& said, json::object body) {
    std::optional<Error> refusal;
    try {
        return run.client().post("/sessions", body);
    } catch (const Error& error) {
        if (error.code != "consent_needed") throw;
        refusal = error;
    }
    const auto names = open_needs(run, said.template_name);
    if (!said.yes) {
        if (!run.console.in_terminal || !run.console.err_terminal) throw Error(*refusal);
        std::string listed;
        for (const auto& name : names)
            listed += (listed.empty() ? "" : ", ") + (name == "files/" ? "your uploaded files" : name);
        const auto question =
            fmt::format("Template {} asks for {}. Let its sessions have that?", said.template_name, listed);
        if (!ask_yes(run.console, printable(question)))
            throw Error(Kind::conflict, "not_confirmed", "nothing was launched");
    }
    body["consent"] = json::to_json(names);
    return run.client().post("/sessions", std::move(body));
}

int launch(Run& run, const Said& said) {
    json::object body{{"template", said.template_name}};
    if (!said.name.empty()) body.emplace("name", said.name);
    if (!said.workspace.empty()) body.emplace("workspace", said.workspace);
    if (said.revision > 0) body.emplace("revision", said.revision);
    json::object lifecycle;
    if (!said.freeze_after.empty()) lifecycle.emplace("freezeAfter", said.freeze_after);
    if (!said.hibernate_after.empty()) lifecycle.emplace("hibernateAfter", said.hibernate_after);
    if (!said.max_lifetime.empty()) lifecycle.emplace("maxLifetime", said.max_lifetime);
    if (!lifecycle.empty()) body.emplace("lifecycle", std::move(lifecycle));
    auto session = launch_agreed(run, said, std::move(body));
    if (said.wait || said.open) session = wait_for(run, session, {"running"});
    if (session.is_null()) throw SessionFailed("the session was ended meanwhile", {}, "see: berth ls");
    write_session(run, session);
    if (said.open) open_browser(run, open_url(json::from_json<SessionView>(session)));
    return 0;
}

}  // namespace

void add_launch_verb(Grammar& grammar) {
    const auto said = std::make_shared<Said>();
    auto& verb = grammar.verb("launch", "Start a session of a template", "Sessions");
    verb.add_option("template", said->template_name, "Name of the template")
        ->required()
        ->type_name("TEMPLATE");
    verb.add_option("--name", said->name, "Name of the session; otherwise one is made")->type_name("NAME");
    verb.add_option("--workspace", said->workspace, "Workspace to use; a new name makes a new one")
        ->type_name("WORKSPACE");
    verb.add_option("--revision", said->revision, "An older revision of the template")->type_name("N");
    verb.add_option("--freeze-after", said->freeze_after,
                    "Freeze it when nobody has used it for so long, unless a stricter limit holds: 10m")
        ->type_name("DURATION");
    verb.add_option("--hibernate-after", said->hibernate_after,
                    "Hibernate it when nobody has used it for so long, unless a stricter limit holds: 30m")
        ->type_name("DURATION");
    verb.add_option("--max-lifetime", said->max_lifetime,
                    "Hibernate it after so long whatever is done, unless a stricter limit holds: 8h")
        ->type_name("DURATION");
    verb.add_flag("-y,--yes", said->yes,
                  "Let the template have those of your secrets and files that it asks for");
    verb.add_flag("--wait", said->wait, "Show the steps until it runs");
    verb.add_flag("--open", said->open, "Open it in the browser once it runs");
    grammar.verbs[&verb] = [&run = grammar.run, said] { return launch(run, *said); };
}

}  // namespace berth::cli
