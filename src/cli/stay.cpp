#include <fmt/format.h>

#include <ostream>

#include "cli/session.hpp"
#include "cli/steps.hpp"
#include "cli/text_width.hpp"
#include "cli/time_text.hpp"

namespace berth::cli {
namespace {

std::string session_path(const std::string& name, const std::string& verb) {
    return "/sessions/" + segment(name) + "/" + verb;
}

/// What a decision says besides its kind: who, and the reason where there is one.
std::string reason_of(const json::object& event) {
    const auto* data = event.if_contains("data");
    const auto* entries = data == nullptr ? nullptr : data->if_object();
    const auto* message = entries == nullptr ? nullptr : entries->if_contains("message");
    return message != nullptr && message->is_string() ? std::string(message->get_string()) : "";
}

std::string limits_text(const WhyView& why) {
    std::string text;
    for (const auto& limit : why.limits) {
        if (!text.empty()) text += "; ";
        text += fmt::format("{} after {} {} ({})", limit.what, to_string(limit.after),
                            limit.reason == "lifetime" ? "of running" : "without activity", limit.whose);
    }
    return text.empty() ? "none" : text;
}

Table history_table(const json::value& answer) {
    Table table{{"TIME (UTC)", "WHO", "WHAT", "WHY"}, {}};
    for (const auto& item : answer.at("history").get_array()) {
        const auto event = json::from_json<EventView>(item);
        table.rows.push_back({exact_text(event.at), event.actor, event.kind, reason_of(item.get_object())});
    }
    return table;
}

Table uncounted_table(const WhyView& why, Time now) {
    Table table{{"NO USE", "TIMES", "LAST", "WHY"}, {}};
    for (const auto& seen : why.uncounted)
        table.rows.push_back(
            {seen.what, std::to_string(seen.times), relative_text(seen.last_at, now), seen.why});
    return table;
}

int why(Run& run, const std::string& name) {
    const auto answer = run.client().get(session_path(name, "why"));
    const auto format = run.format();
    if (write_as_data(run, format, answer)) return 0;
    const auto view = json::from_json<WhyView>(answer);
    auto& out = run.console.out;
    const auto line = [&](std::string_view word, const std::string& text) {
        if (!text.empty()) out << fmt::format("{:<14} {}\n", word, printable(text));
    };
    out << printable(fmt::format("{}: {}", view.session.name, view.sentence)) << "\n\n";
    line("last active", activity_text(view.session, run.now()));
    if (view.session.lease)
        line("at work", fmt::format("{}, {}", view.session.lease->what,
                                    relative_text(view.session.lease->until, run.now())));
    for (const auto& rung : view.session.ladder) line(rung_word(rung), rung_text(rung, run.now()));
    line("limits", limits_text(view));
    if (!view.limits.empty())
        line("notice", fmt::format("people hear of it {} before; {} of grace after the limit",
                                   to_string(view.warn_before), to_string(view.grace)));
    const auto uncounted = uncounted_table(view, run.now());
    if (!uncounted.rows.empty()) out << "\n" << render(uncounted, run.colour());
    const auto history = history_table(answer);
    if (!history.rows.empty()) out << "\n" << render(history, run.colour());
    return 0;
}

void extend(Run& run, const std::string& name) {
    const auto session = run.client().post(session_path(name, "extend"));
    if (write_as_data(run, run.format(), session)) return;
    const auto view = json::from_json<SessionView>(session);
    const auto stops = stops_text(view, run.now());
    run.console.out << printable(label(view.name) +
                                 (stops.empty() ? "no limit is set: nothing stops it" : stops))
                    << "\n";
}

}  // namespace

void add_stay_verbs(Grammar& grammar) {
    struct Said {
        std::string name;
        Names names;
    };
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    auto& asked = grammar.verb("why", "Why a session is as it is, and what stops it when", "Sessions");
    asked.add_option("name", said->name, "Name or id")->required()->type_name("SESSION");
    grammar.verbs[&asked] = [&run, said] { return why(run, said->name); };
    auto& longer = grammar.verb("extend", "Count sessions as used now: what is idle has its whole time again",
                                "Sessions");
    longer.add_option("names", said->names, "Names or ids")->required()->type_name("SESSION");
    grammar.verbs[&longer] = [&run, said] {
        return for_each(run, said->names, [&](const std::string& one) { extend(run, one); });
    };
}

}  // namespace berth::cli
