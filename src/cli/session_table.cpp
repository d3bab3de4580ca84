#include <fmt/format.h>

#include "cli/session.hpp"
#include "cli/steps.hpp"
#include "cli/text_width.hpp"
#include "cli/time_text.hpp"

namespace berth::cli {
namespace {

std::string workspace_name(const SessionView& session) {
    return session.workspace ? session.workspace->name : "";
}

/// Fields under each other, as `name        value`; empty ones are left out.
class Page {
  public:
    void add(std::string_view name, const std::string& value) {
        if (value.empty()) return;
        text_ += fmt::format("{:<12} {}\n", name, value);
    }
    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

std::string state_text(const SessionView& session, Time now, Colour colour) {
    const auto& status = session.status;
    auto text = painted(printable(status.phase), state_paint(status.phase), colour);
    if (status.phase == "running" && status.started_at)
        text += ", started " + relative_text(*status.started_at, now);
    if (!status.reason.empty()) text += fmt::format(" ({})", printable(status.reason));
    return text;
}

std::string component_text(const ComponentView& component, Colour colour) {
    auto text = fmt::format("{} {}", printable(component.name),
                            painted(printable(component.phase), state_paint(component.phase), colour));
    if (component.restarts > 0) text += fmt::format(", restarted {} times", component.restarts);
    if (!component.message.empty()) text += ": " + printable(component.message);
    return text;
}

}  // namespace

std::string activity_text(const SessionView& session, Time now) {
    if (!session.last_active) return {};
    const auto when = relative_text(session.last_active->at, now);
    return session.last_active->source.empty() ? when
                                               : fmt::format("{} ({})", when, session.last_active->source);
}

std::string rung_word(const StopsAtView& rung) {
    return rung.what == "frozen" ? "freezes" : "hibernates";
}

std::string rung_text(const StopsAtView& rung, Time now) {
    const bool near = rung.at - now < std::chrono::seconds(5);
    return fmt::format("{} ({})", near ? "any moment" : relative_text(rung.at, now), rung.why);
}

std::string stops_text(const SessionView& session, Time now) {
    if (!session.stops_at) return {};
    return rung_word(*session.stops_at) + " " + rung_text(*session.stops_at, now);
}

Table session_table(const std::vector<SessionView>& sessions, Time now, bool everybody, bool wide) {
    Table table{{"NAME", "TEMPLATE", "STATE", "LAST ACTIVE"}, {}};
    if (everybody) table.columns.insert(table.columns.begin(), "USER");
    if (wide) table.columns.insert(table.columns.end(), {"WORKSPACE", "ENGINE", "CREATED", "ID", "URL"});
    for (const auto& session : sessions) {
        const auto& phase = session.status.phase;
        std::vector<Cell> row{session.name, session.template_, Cell(phase, state_paint(phase)),
                              activity_text(session, now)};
        if (everybody) row.insert(row.begin(), session.user.name);
        if (wide)
            row.insert(row.end(), {workspace_name(session), session.engine,
                                   relative_text(session.created_at, now), session.id, open_url(session)});
        table.rows.push_back(std::move(row));
    }
    return table;
}

std::string session_page(const SessionView& session, Time now, Colour colour) {
    Page page;
    page.add("name", printable(fmt::format("{} ({})", session.name, session.id)));
    page.add("template", fmt::format("{}, revision {}", printable(session.template_), session.revision));
    page.add("state", state_text(session, now, colour));
    page.add("why", printable(session.status.message));
    page.add("open", printable(open_url(session)));
    for (const auto& access : session.access)
        if (session.access.size() > 1)
            page.add("", printable(fmt::format("{} ({}) {}", access.name, access.kind, access.url)));
    page.add("workspace", printable(workspace_name(session)));
    page.add("last active", printable(activity_text(session, now)));
    for (const auto& rung : session.ladder) page.add(rung_word(rung), printable(rung_text(rung, now)));
    page.add("created", fmt::format("{} UTC ({})", exact_text(session.created_at),
                                    relative_text(session.created_at, now)));
    page.add("steps", steps_line(session.status.steps));
    const char* name = "components";
    for (const auto& component : session.status.components) {
        page.add(name, component_text(component, colour));
        name = "";
    }
    for (const auto& condition : session.status.conditions)
        if (condition.status)
            page.add("note", printable(fmt::format("{}: {}", condition.type, condition.message)));
    auto text = page.text();
    if (!session.status.last_log.empty()) text += "last log\n";
    for (const auto& line : session.status.last_log) text += "  | " + printable(line) + "\n";
    return text;
}

}  // namespace berth::cli
