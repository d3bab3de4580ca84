#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <set>
#include <thread>

#include "cli/run.hpp"
#include "cli/text_width.hpp"
#include "cli/time_text.hpp"
#include "cli/views.hpp"

namespace berth::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view sweep_path = "/admin/sweep";
constexpr std::string_view progress_only = "?findings=false";
constexpr Duration poll = 500ms;
constexpr Duration look_every = 5s;  // The engines are asked for all that they have.

struct Said {
    bool dry_run = false;
    int wait_seconds = 60;
};

/// What it comes to, in a word or two.
std::string matter_text(const FindingView& finding) {
    auto text = finding.matter;
    if (text == "unownedVolume") return "unowned volume";
    if (text == "lostVolume") return "lost volume";
    return text;
}

std::string remedy_text(const FindingView& finding) {
    if (finding.remedy == "remove") return "removes it";
    if (finding.remedy == "start") return "starts it again";
    return "reports it only";
}

void note_away(Run& run, const SweepView& sweep) {
    for (const auto& engine : sweep.away)
        run.console.err << printable(
                               fmt::format("engine {} was not looked at: {}", engine.name, engine.message))
                        << "\n";
}

void write_findings(Run& run, const SweepView& sweep) {
    Table table{{"WHAT", "KIND", "NAME", "A SWEEP", "WHY"}, {}};
    for (const auto& finding : sweep.findings)
        table.rows.push_back(
            {matter_text(finding), finding.kind, finding.name, remedy_text(finding), finding.why});
    if (table.rows.empty())
        run.console.out << "nothing to sweep: what is there and what the rows say agree\n";
    else
        run.console.out << render(table, run.colour());
}

int dry_run(Run& run) {
    const auto found = run.client().get(std::string(sweep_path));
    const auto sweep = json::from_json<SweepView>(found);
    note_away(run, sweep);
    if (!write_as_data(run, run.format(), found)) write_findings(run, sweep);
    return sweep.away.empty() ? 0 : 1;
}

/// What became of things that were acted on, as the engines say now.
class Outcomes {
  public:
    explicit Outcomes(const SweepView& sweep) {
        for (const auto& finding : sweep.findings) left_.insert(key_of(finding));
        for (const auto& engine : sweep.away) away_.insert(engine.name);
    }
    bool is_done(const FindingView& acted) const { return is_known(acted) && !left_.contains(key_of(acted)); }
    const char* text_of(const FindingView& acted) const {
        if (!is_known(acted)) return "not known";
        if (!is_done(acted)) return "still there";
        return acted.remedy == "start" ? "started" : "removed";
    }

  private:
    using Key = std::array<std::string, 4>;
    static Key key_of(const FindingView& finding) {
        return {finding.engine, finding.session, finding.kind, finding.name};
    }
    bool is_known(const FindingView& acted) const { return !away_.contains(acted.engine); }

    std::set<Key> left_;
    std::set<std::string> away_;
};

/// Until the operator has done what was asked, and what it acted on is gone or runs.
SweepView wait_for(Run& run, const SweepView& asked, Duration limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    const auto left = [&] {
        return std::chrono::duration_cast<Duration>(until - std::chrono::steady_clock::now());
    };
    const auto look = [&](std::string_view query) {
        return json::from_json<SweepView>(run.client().get(std::string(sweep_path).append(query)));
    };
    auto now = asked;
    while (now.asked && left() > 0ms) {
        std::this_thread::sleep_for(std::min(poll, left()));
        now = look(progress_only);
    }
    if (now.asked || !now.last) return now;
    now = look("");
    const auto done = [&] {
        const Outcomes outcomes(now);
        return !now.last || std::ranges::all_of(now.last->acted, [&](const FindingView& acted) {
            return outcomes.is_done(acted);
        });
    };
    while (!done() && left() > 0ms) {
        std::this_thread::sleep_for(std::min(look_every, left()));
        now = look("");
    }
    return now;
}

int sweep(Run& run, const Said& said) {
    const auto answer = run.client().post(std::string(sweep_path).append(progress_only));
    const auto asked = json::from_json<SweepView>(answer);
    const auto now = wait_for(run, asked, std::chrono::seconds(said.wait_seconds));
    if (now.asked || !now.last)
        throw Error(Kind::unavailable, "not_done_yet", "the sweep was asked for and has not been done yet",
                    "look later with: berth admin sweep --dry-run");
    const Outcomes outcomes(now);
    bool all = now.last->failed.empty() && now.away.empty();
    Table table{{"RESULT", "KIND", "NAME", "WHY"}, {}};
    for (const auto& finding : now.last->acted) {
        all = all && outcomes.is_done(finding);
        table.rows.push_back({outcomes.text_of(finding), finding.kind, finding.name, finding.why});
    }
    note_away(run, now);
    for (const auto& why : now.last->failed) run.console.err << printable("not swept: " + why) << "\n";
    if (write_as_data(run, run.format(), json::to_json(now.last->acted))) return all ? 0 : 1;
    if (table.rows.empty())
        run.console.out << "nothing to remove\n";
    else
        run.console.out << render(table, run.colour());
    const auto reported =
        now.findings.size() -
        static_cast<std::size_t>(std::ranges::count_if(
            now.findings, [](const FindingView& finding) { return finding.remedy != "report"; }));
    if (reported > 0)
        run.console.err << fmt::format("{} more only a person can judge: berth admin sweep --dry-run\n",
                                       reported);
    return all ? 0 : 1;
}

}  // namespace

void add_sweep_verb(Grammar& grammar, CLI::App& admin) {
    const auto said = std::make_shared<Said>();
    auto& run = grammar.run;
    auto& verb = grammar.verb(admin, "sweep", "Remove what no session owns, and say what it was");
    verb.add_flag("--dry-run", said->dry_run, "Only say what would be removed, and what is odd");
    verb.add_option("--timeout", said->wait_seconds, "Wait so many seconds for it to be gone")
        ->capture_default_str()
        ->type_name("SECONDS")
        ->check(CLI::Range(1, 3600));
    grammar.verbs[&verb] = [&run, said] { return said->dry_run ? dry_run(run) : sweep(run, *said); };
}

}  // namespace berth::cli
