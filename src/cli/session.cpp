#include "cli/session.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <ostream>

#include "cli/steps.hpp"
#include "cli/text_width.hpp"
#include "cli/wait.hpp"

extern char** environ;  // NOLINT: POSIX names it so.

namespace berth::cli {
namespace {

std::string session_path(const std::string& name) {
    return "/sessions/" + segment(name);
}

/// The state after an ask: the server notes it at once, the phase moves a moment later.
std::string asked_state(const std::string& verb, const std::string& phase) {
    const bool begun = phase == "starting" || phase == "pending";
    if (verb == "freeze") return phase == "running" ? "freezing" : phase;
    if (verb == "wake") return begun || phase == "running" ? phase : "waking";
    if (verb == "restart") return begun ? phase : "restarting";
    return begun || phase == "running" || phase == "frozen" ? "hibernating" : phase;
}

void write_state(Run& run, const json::value& session, const std::string& state) {
    if (write_as_data(run, run.format(), session)) return;
    const auto view = json::from_json<SessionView>(session);
    run.console.out << label(view.name) << painted(state, state_paint(state), run.colour()) << "\n";
}

void write_asked(Run& run, const json::value& session, const std::string& verb) {
    write_state(run, session, asked_state(verb, json::from_json<SessionView>(session).status.phase));
}

int list_sessions(Run& run, bool everybody, const std::string& template_name, const std::string& phase) {
    std::string path = "/sessions?sort=name";
    if (everybody) path += "&all=true";
    if (!template_name.empty()) path += "&template=" + segment(template_name);
    if (!phase.empty()) path += "&phase=" + segment(phase);
    const auto found = run.client().list(path);
    const auto format = run.format();
    if (write_as_data(run, format, found)) return 0;
    const auto sessions = json::from_json<std::vector<SessionView>>(found.at("items"));
    if (sessions.empty() && !(template_name.empty() && phase.empty())) {
        run.console.err << "no session matches\n";
        return 0;
    }
    if (sessions.empty()) {
        run.console.err << "no sessions; start one with: berth launch TEMPLATE (see: berth templates)\n";
        return 0;
    }
    run.console.out << render(session_table(sessions, run.now(), everybody, format == Format::wide),
                              run.colour());
    return 0;
}

/// wake and restart: asks, and with `wait` stays until it runs.
void start_again(Run& run, const std::string& name, const std::string& verb, bool wait) {
    const auto before = json::from_json<SessionView>(get_session(run, name));
    auto session = run.client().post(session_path(before.id) + "/" + verb);
    if (!wait) return write_asked(run, session, verb);
    const auto& phase = before.status.phase;
    const bool same_start = verb == "wake" && (phase == "running" || phase == "frozen" ||
                                               phase == "starting" || phase == "pending");
    session = wait_for(run, session, {"running", same_start ? -1 : before.status.incarnation});
    if (session.is_null()) throw SessionFailed(name + " was ended meanwhile", {}, "see: berth ls");
    write_session(run, session);
}

/// freeze and hibernate: asks, and with `wait` stays until it has come to that.
void rest(Run& run, const std::string& name, const std::string& verb, const std::string& phase, bool wait) {
    auto session = run.client().post(session_path(name) + "/" + verb);
    if (!wait) return write_asked(run, session, verb);
    session = wait_for(run, session, {phase});
    if (session.is_null()) throw SessionFailed(name + " was ended meanwhile", {}, "see: berth ls");
    write_state(run, session, phase);
}

std::string kept_text(const SessionView& session) {
    if (!session.workspace) return "it has no workspace, nothing is kept";
    return fmt::format("workspace {} is kept", session.workspace->name);
}

/// By name one finds only sessions of one's own.
bool is_own(Run& run, const SessionView& session, const std::string& name) {
    return name == session.name || text_at(run.client().get("/users/me"), "id") == session.user.id;
}

/// A session of one's own that keeps its workspace loses no more than hibernating does, and that asks
/// nothing.
void confirm_end(Run& run, const SessionView& session, const std::string& name) {
    const bool own = is_own(run, session, name);
    if (own && session.workspace) return;
    const auto whose = own ? "" : " of " + session.user.name;
    const auto kept = kept_text(session);
    confirm(run,
            {.name = session.name,
             .question = fmt::format("End {}{} ({})? {}.", session.name, whose, session.status.phase, kept),
             .would = fmt::format("session {}{} would be ended: {}", session.name, whose, kept),
             .command = "berth rm -y " + shell_word(name)});
}

void end_session(Run& run, const std::string& name, bool wait, bool yes) {
    const auto view = json::from_json<SessionView>(get_session(run, name));
    if (!yes) confirm_end(run, view, name);
    const auto session = run.client().remove(session_path(view.id));
    if (wait) wait_for(run, session, {"gone"});
    if (write_as_data(run, run.format(), session)) return;
    run.console.out << printable(label(view.name) + (wait ? "gone, " : "terminating, ") + kept_text(view))
                    << "\n";
}

int open_session(Run& run, const std::string& name, const std::string& access) {
    const auto session = json::from_json<SessionView>(get_session(run, name));
    auto url = open_url(session);
    std::string known;
    if (!access.empty()) url.clear();
    for (const auto& way : session.access) {
        known += (known.empty() ? "" : ", ") + way.name;
        if (way.name == access) url = way.url;
    }
    if (url.empty() && !access.empty())
        throw Error(Kind::not_found, "not_found",
                    fmt::format("session {} has no access {}", berth::quoted(name), berth::quoted(access)),
                    known.empty() ? "" : "it has: " + known);
    if (url.empty())
        throw Error(Kind::unavailable, "no_address",
                    fmt::format("{} has no address yet: {}", session.name, session.status.phase),
                    fmt::format("see how far it is with: berth get {}", shell_word(session.name)));
    run.console.out << printable(url) << "\n" << std::flush;
    if (run.console.out_terminal) open_browser(run, url);
    return 0;
}

void add_listing(Grammar& grammar) {
    struct Said {
        bool all = false;
        std::string template_name, phase, name, access;
    };
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    auto& ls = grammar.verb("ls", "List your sessions", "Sessions");
    ls.add_flag("-a,--all", said->all, "Those of everybody (administrators)");
    ls.add_option("--template", said->template_name, "Only those of this template")->type_name("TEMPLATE");
    ls.add_option("--phase", said->phase, "Only those in this state")->type_name("PHASE");
    grammar.verbs[&ls] = [&run, said] {
        return list_sessions(run, said->all, said->template_name, said->phase);
    };
    auto& get = grammar.verb("get", "Show one session", "Sessions");
    get.add_option("name", said->name, "Name or id")->required()->type_name("SESSION");
    grammar.verbs[&get] = [&run, said] {
        const auto session = get_session(run, said->name);
        const auto view = json::from_json<SessionView>(session);
        const auto format = run.format();
        if (write_as_data(run, format, session)) return 0;
        if (format == Format::wide)
            run.console.out << render(session_table({view}, run.now(), true, true), run.colour());
        else
            run.console.out << session_page(view, run.now(), run.colour());
        return 0;
    };
    auto& open =
        grammar.verb("open", "Print a session's address and open it in the browser; wakes it", "Sessions");
    open.add_option("name", said->name, "Name or id")->required()->type_name("SESSION");
    open.add_option("--access", said->access, "Another way in than the default one")->type_name("ACCESS");
    grammar.verbs[&open] = [&run, said] { return open_session(run, said->name, said->access); };
}

void add_asks(Grammar& grammar) {
    struct Said {
        Names names;
        bool wait = false, yes = false;
    };
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    const auto add = [&](const char* name, const char* description, auto act) {
        auto& verb = grammar.verb(name, description, "Sessions");
        verb.add_option("names", said->names, "Names or ids")->required()->type_name("SESSION");
        verb.add_flag("--wait", said->wait, "Show the steps until it is done");
        grammar.verbs[&verb] = [&run, said, act] {
            return for_each(run, said->names, [&](const std::string& one) { act(one); });
        };
        return &verb;
    };
    add("freeze", "Keep the memory of sessions and give them no processor until somebody uses them",
        [&run, said](const std::string& name) { rest(run, name, "freeze", "frozen", said->wait); });
    add("wake", "Start hibernated or failed sessions again, and let frozen ones go on",
        [&run, said](const std::string& name) { start_again(run, name, "wake", said->wait); });
    add("hibernate", "Stop sessions; files and address are kept",
        [&run, said](const std::string& name) { rest(run, name, "hibernate", "hibernated", said->wait); });
    add("restart", "Stop sessions and start them again",
        [&run, said](const std::string& name) { start_again(run, name, "restart", said->wait); });
    auto* const rm =
        add("rm", "End sessions; their workspaces are kept",
            [&run, said](const std::string& name) { end_session(run, name, said->wait, said->yes); });
    add_yes_flag(*rm, said->yes);
    rm->footer(
        "A session that keeps its workspace ends without a question: its files stay. One that keeps nothing, "
        "or is another's, is asked about.\n" +
        rm->get_footer());
}

}  // namespace

json::value get_session(Run& run, const std::string& name) {
    return run.client().get(session_path(name));
}

void write_session(Run& run, const json::value& session) {
    if (write_as_data(run, run.format(), session)) return;
    const auto view = json::from_json<SessionView>(session);
    const auto& phase = view.status.phase;
    if (phase != "running")
        run.console.out << label(view.name) << painted(phase, state_paint(phase), run.colour()) << "\n";
    const auto url = open_url(view);
    if (!url.empty()) run.console.out << label("open", view.name) << printable(url) << "\n";
}

bool open_browser(Run& run, const std::string& url) {
    const bool desktop =
        !run.console.variable("DISPLAY").empty() || !run.console.variable("WAYLAND_DISPLAY").empty();
    auto program = desktop ? find_program(run.console, "xdg-open") : std::string();
#ifdef __APPLE__
    program = "/usr/bin/open";
#endif
    // Only addresses of the web: a URL is no argument or file to whatever opens it.
    if (program.empty() || !(url.starts_with("http://") || url.starts_with("https://"))) return false;
    auto name = program;
    auto argument = url;
    char* const arguments[] = {name.data(), argument.data(), nullptr};
    pid_t child = 0;
    if (posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environ) != 0) return false;
    int status = 0;
    return waitpid(child, &status, 0) == child && status == 0;
}

void add_session_verbs(Grammar& grammar) {
    add_listing(grammar);
    add_asks(grammar);
}

}  // namespace berth::cli
