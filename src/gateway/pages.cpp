#include "gateway/pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "net/answer.hpp"

namespace berth::gateway {
namespace {

constexpr std::string_view css = R"(:root{color-scheme:light dark;--back:#f8fafc;--card:#fff;--text:#0f172a;
--soft:#475569;--line:#cbd5e1;--accent:#0f766e;--on-accent:#fff;--good:#15803d;--busy:#1d4ed8;--bad:#b91c1c}
@media(prefers-color-scheme:dark){:root{--back:#0f172a;--card:#1e293b;--text:#f1f5f9;--soft:#a8b5c7;--line:#475569;
--accent:#2dd4bf;--on-accent:#042f2e;--good:#4ade80;--busy:#93c5fd;--bad:#fca5a5}}
body{margin:0;background:var(--back);color:var(--text);font:14px/1.5 system-ui,sans-serif}
main{max-width:560px;margin:12vh auto 24px;padding:24px;background:var(--card);border:1px solid var(--line);border-radius:6px}
h1{font-size:20px;line-height:28px;margin:0 0 8px;overflow-wrap:anywhere}p{margin:0 0 12px;overflow-wrap:anywhere}
ol{list-style:none;margin:16px 0;padding:0}li{display:flex;gap:8px;padding:4px 0;font-variant-numeric:tabular-nums}
li .mark{width:16px;text-align:center}li .name{flex:1}li .time{color:var(--soft)}.words{color:var(--soft)}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.done .mark{color:var(--good)}.active .mark,.active .name{color:var(--busy);font-weight:600}
.failed .mark,.failed .name,.cause{color:var(--bad);font-weight:600}.waiting{color:var(--soft)}
pre{margin:0 0 16px;padding:12px;border:1px solid var(--line);border-radius:6px;overflow:auto;max-height:40vh;
font:12px/1.5 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
form,.links{display:flex;gap:16px;align-items:center;margin:16px 0 0}
button,.button{font:inherit;padding:8px 16px;border:0;border-radius:6px;background:var(--accent);color:var(--on-accent);
text-decoration:none;cursor:pointer}a{color:var(--accent)}a.button{color:var(--on-accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px})";

struct Page {
    int status = 200;
    std::string title;
    std::string body;
    int reload_seconds = 0;  ///< 0: it stays.
};

net::Response render(const Page& page) {
    net::Response response;
    response.status = page.status;
    response.headers = {
        {"Content-Type", "text/html; charset=utf-8"},
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy",
         "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Content-Type-Options", "nosniff"},
    };
    std::string reload;
    if (page.reload_seconds > 0) {
        response.headers.emplace_back("Retry-After", std::to_string(page.reload_seconds));
        reload = fmt::format("<meta http-equiv=\"refresh\" content=\"{}\">\n", page.reload_seconds);
    }
    response.body = fmt::format(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n{}<title>{}</title>\n"
        "<link rel=\"stylesheet\" "
        "href=\"/.berth/page.css\">\n</head>\n<body>\n<main>\n{}</main>\n</body>\n</html>\n",
        reload, escape_html(page.title), page.body);
    return response;
}

std::string time_text(double seconds) {
    if (seconds < 60) return fmt::format("{:.1f} s", seconds);
    const int whole = static_cast<int>(seconds);
    return fmt::format("{} m {:02} s", whole / 60, whole % 60);
}

const char* state_word(Step::State state) {
    switch (state) {
        case Step::State::done:
            return "done";
        case Step::State::active:
            return "active";
        case Step::State::failed:
            return "failed";
        case Step::State::waiting:
            break;
    }
    return "waiting";
}

const char* state_mark(Step::State state) {
    switch (state) {
        case Step::State::done:
            return "✓";
        case Step::State::active:
            return "●";
        case Step::State::failed:
            return "✕";
        case Step::State::waiting:
            break;
    }
    return "○";
}

/// As the web interface calls it (ui/src/text/phase.ts).
std::string_view step_words(const Step& step) {
    struct Words {
        std::string_view name, done, active;
    };
    static constexpr std::array<Words, 7> words{{{"admitted", "Admitted", "Waiting for room"},
                                                 {"scheduled", "Scheduled", "Finding a place to run"},
                                                 {"pulled", "Image ready", "Getting the image"},
                                                 {"initialized", "Prepared", "Preparing the workspace"},
                                                 {"started", "Started", "Starting components"},
                                                 {"ready", "Ready", "Waiting until it answers"},
                                                 {"routed", "Routed", "Opening its address"}}};
    const auto* const found =
        std::find_if(words.begin(), words.end(), [&](const Words& one) { return one.name == step.name; });
    if (found == words.end()) return step.name;
    return step.state == Step::State::active ? found->active : found->done;
}

std::string steps_list(const std::vector<Step>& steps) {
    std::string list = "<ol>\n";
    for (const auto& step : steps)
        list += fmt::format(
            "<li class=\"{0}\"><span class=\"mark\" aria-hidden=\"true\">{1}</span><span class=\"name\">{2} "
            "<span class=\"unseen\">({0})</span></span><span class=\"time\">{3}</span></li>\n",
            state_word(step.state), state_mark(step.state), step_words(step),
            step.seconds ? time_text(*step.seconds) : "");
    return list + "</ol>\n";
}

/// Whether the status still speaks of the start before this one.
bool outdated(const Session& session) {
    return session.status.incarnation < session.incarnation;
}

std::string try_again(const WakeView& view) {
    return fmt::format(
        "<form method=\"post\" action=\"/.berth/wake\"><button>Try again</button>"
        "<a href=\"{0}/sessions/{1}\">Logs</a><a href=\"{0}/\">Home</a></form>\n",
        escape_html(view.platform_url), escape_html(view.session.id.text));
}

net::Response stopped_page(const WakeView& view) {
    const auto& session = view.session;
    const auto& status = session.status;
    Page page{.status = 503, .title = session.name + " did not start", .body = {}};
    page.body = fmt::format("<h1>{}</h1>\n", escape_html(page.title));
    const std::string cause = view.refused ? view.refused->user : status.message;
    page.body +=
        fmt::format("<p class=\"cause\" role=\"alert\"><strong>{}</strong></p>\n", escape_html(cause));
    if (view.refused && !view.refused->next.empty())
        page.body += fmt::format("<p>Next: {}</p>\n", escape_html(view.refused->next));
    if (!view.refused) page.body += steps_list(steps_of(session, view.now));
    if (!view.refused && !status.last_log.empty()) {
        page.body += "<h2>Last lines of its log</h2>\n<pre tabindex=\"0\">";
        for (const auto& line : status.last_log) page.body += escape_html(line) + "\n";
        page.body += "</pre>\n";
    }
    page.body += try_again(view);
    if (view.refused) page.status = 429;
    return render(page);
}

}  // namespace

std::string escape_html(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            case '\'':
                safe += "&#39;";
                break;
            default:
                safe += c;
        }
    }
    return safe;
}

net::Response style_sheet() {
    net::Response response;
    response.headers = {{"Content-Type", "text/css; charset=utf-8"},
                        {"Cache-Control", "public, max-age=3600"},
                        {"X-Content-Type-Options", "nosniff"}};
    response.body = css;
    return response;
}

net::Response refusal_page(const Refusal& refusal) {
    Page page{.status = refusal.status, .title = refusal.title, .body = {}};
    page.body =
        fmt::format("<h1>{}</h1>\n<p>{}</p>\n", escape_html(refusal.title), escape_html(refusal.detail));
    if (!refusal.next.empty()) page.body += fmt::format("<p>{}</p>\n", escape_html(refusal.next));
    if (refusal.status >= 500)
        page.body += "<p class=\"links\"><a class=\"button\" href=\"\">Try again</a></p>\n";
    return render(page);
}

std::vector<Step> steps_of(const Session& session, Time now) {
    static constexpr std::array times{&Timings::admitted,    &Timings::scheduled, &Timings::pulled,
                                      &Timings::initialized, &Timings::started,   &Timings::ready,
                                      &Timings::routed};
    static constexpr std::array names{"admitted", "scheduled", "pulled", "initialized",
                                      "started",  "ready",     "routed"};
    const Timings timings = outdated(session) ? Timings{.admitted = 0} : session.status.timings;
    const bool failed = !outdated(session) && session.status.phase == Phase::failed;
    std::vector<Step> steps;
    bool reached = false;
    for (std::size_t i = 0; i < times.size(); ++i) {
        if (times[i] == &Timings::initialized && (outdated(session) || !session.status.init)) continue;
        Step step{.name = names[i], .state = Step::State::waiting, .seconds = timings.*times[i]};
        if (step.seconds) {
            step.state = Step::State::done;
        } else if (!reached) {
            reached = true;
            step.state = failed ? Step::State::failed : Step::State::active;
            if (!failed)
                step.seconds =
                    std::chrono::duration<double>(std::max(Duration(0), now - session.asked_at)).count();
        }
        steps.push_back(step);
    }
    return steps;
}

net::Response wake_page(const WakeView& view) {
    const auto& session = view.session;
    const bool failed = session.status.phase == Phase::failed && !outdated(session);
    if (failed || view.refused) return stopped_page(view);
    const bool queued = session.queued_at.has_value();
    Page page{.status = 503,
              .title = queued ? session.name + " waits for its turn" : "Starting " + session.name,
              .body = {},
              .reload_seconds = 1};
    const std::string words = outdated(session) ? std::string() : session.status.message;
    page.body = fmt::format(
        "<h1>{}</h1>\n<p class=\"words\" role=\"status\">{}</p>\n{}", escape_html(page.title),
        escape_html(words.empty() ? "This page opens it by itself as soon as it answers." : words),
        steps_list(steps_of(session, view.now)));
    page.body += fmt::format(
        "<p class=\"links\"><a href=\"{0}/sessions/{1}\">Details</a><a href=\"{0}/\">Home</a></p>\n",
        escape_html(view.platform_url), escape_html(session.id.text));
    return render(page);
}

}  // namespace berth::gateway
