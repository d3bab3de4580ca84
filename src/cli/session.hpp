#pragma once

#include "cli/run.hpp"
#include "cli/views.hpp"

/// What the verbs about sessions share.
namespace berth::cli {

/// The table of `berth ls`; `everybody` adds whose each is, `wide` what else is known.
Table session_table(const std::vector<SessionView>& sessions, Time now, bool everybody, bool wide);

/// The page of `berth get`: a line for each thing known, then the last log lines of a failure.
std::string session_page(const SessionView& session, Time now, Colour colour);

/// `2 min ago (terminal)`; empty when nobody has used it yet.
std::string activity_text(const SessionView& session, Time now);

/// What becomes of it, and when, for any rung of its ladder: `freezes` and `in 12 min (…)`.
std::string rung_word(const StopsAtView& rung);
std::string rung_text(const StopsAtView& rung, Time now);

/// `hibernates in 12 min (30m without activity, the limit of the template)`; empty when nothing stops it.
std::string stops_text(const SessionView& session, Time now);

/// Reads one session by name or id.
json::value get_session(Run& run, const std::string& name);

/// Writes one session as `-o` says; `page` is what a table is replaced by.
void write_session(Run& run, const json::value& session);

/// Opens a URL in the browser of this desktop. False where there is none.
bool open_browser(Run& run, const std::string& url);

}  // namespace berth::cli
