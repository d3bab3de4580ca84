#include <fmt/format.h>

#include <algorithm>
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
constexpr Duration poll = 500ms;

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
    if (write_as_data(run, run.format(), found)) return 0;
    const auto sweep = json::from_json<SweepView>(found);
    note_away(run, sweep);
    write_findings(run, sweep);
    return sweep.away.empty() ? 0 : 1;
}

using Named = std::pair<std::string, std::string>;

std::set<Named> names_of(const std::vector<FindingView>& findings) {
    std::set<Named> names;
    for (const auto& finding : findings) names.emplace(finding.kind, finding.name);
    return names;
}

/// Until the operator has done what was asked, and what it acted on is gone or runs.
SweepView wait_for(Run& run, const SweepView& asked, Duration limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    auto now = asked;
    const auto done = [&] {
        if (now.asked || !now.last) return false;
        const auto left = names_of(now.findings);
        for (const auto& one : names_of(now.last->acted))
            if (left.contains(one)) return false;
        return true;
    };
    while (!done() && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(poll);
        now = json::from_json<SweepView>(run.client().get(std::string(sweep_path)));
    }
    return now;
}

int sweep(Run& run, const Said& said) {
    const auto answer = run.client().post(std::string(sweep_path));
    const auto asked = json::from_json<SweepView>(answer);
    const auto now = wait_for(run, asked, std::chrono::seconds(said.wait_seconds));
    if (now.asked || !now.last)
        throw Error(Kind::unavailable, "not_done_yet", "the sweep was asked for and has not been done yet",
                    "look later with: berth admin sweep --dry-run");
    const auto left = names_of(now.findings);
    bool all = now.last->failed.empty();
    Table table{{"RESULT", "KIND", "NAME", "WHY"}, {}};
    for (const auto& finding : now.last->acted) {
        const bool still = left.contains({finding.kind, finding.name});
        all = all && !still;
        const auto* result = finding.remedy == "start" ? "started" : "removed";
        table.rows.push_back({still ? "still there" : result, finding.kind, finding.name, finding.why});
    }
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
