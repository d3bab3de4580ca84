#include "cli/stage.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "cli/cli.hpp"
#include "cli/console.hpp"

namespace berth::cli {
namespace {

/// Text that can be read from a descriptor.
class Input {
  public:
    explicit Input(const std::string& folder, const std::string& text) {
        const auto path = folder + "/input";
        const int writing = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
        const auto written = ::write(writing, text.data(), text.size());
        EXPECT_EQ(written, static_cast<ssize_t>(text.size()));
        ::close(writing);
        descriptor_ = ::open(path.c_str(), O_RDONLY);
    }
    ~Input() { ::close(descriptor_); }
    int descriptor() const { return descriptor_; }

  private:
    int descriptor_ = -1;
};

}  // namespace

void PrintTo(const Outcome& outcome, std::ostream* out) {
    *out << "status " << outcome.status << "\n--- out\n"
         << outcome.out << "--- err\n"
         << outcome.err << "---";
}

Stage::Stage() {
    auto name = (std::filesystem::temp_directory_path() / "berth-cli-XXXXXX").string();
    home = ::mkdtemp(name.data());
    environment = {{"HOME", home}, {"PATH", "/nowhere"}, {"BERTH_URL", server.url()}};
}

Stage::~Stage() {
    std::filesystem::remove_all(home);
}

Outcome Stage::berth(std::vector<std::string> words, const std::string& input) {
    std::ostringstream out, err;
    const Input in(home, input);
    Console console{.out = out, .err = err, .in = terminal >= 0 ? terminal : in.descriptor()};
    console.environment = environment;
    console.out_terminal = out_terminal;
    console.in_terminal = console.err_terminal = in_terminal;
    const int status = run_on(console, words, {});
    return {status, out.str(), err.str()};
}

json::object Stage::session(const std::string& name, const std::string& phase, int done, int incarnation) {
    json::array steps;
    int index = 0;
    for (const auto* step : {"admitted", "scheduled", "pulled", "started", "ready", "routed"}) {
        json::object entry{{"name", step},
                           {"state", index < done    ? "done"
                                     : index == done ? "active"
                                                     : "waiting"}};
        if (index < done) entry.emplace("seconds", 0.4 * index);
        if (index == done && phase == "starting") entry.emplace("message", "the engine's words");
        steps.push_back(std::move(entry));
        ++index;
    }
    json::object status{{"phase", phase},
                        {"reason", ""},
                        {"message", ""},
                        {"components", json::array()},
                        {"conditions", json::array()},
                        {"timings", json::object()},
                        {"steps", steps},
                        {"lastLog", json::array()},
                        {"incarnation", incarnation}};
    return {{"id", "ses_" + name},
            {"name", name},
            {"template", "desktop"},
            {"templateName", "Desktop"},
            {"icon", ""},
            {"revision", 3},
            {"user", {{"id", "usr_1"}, {"name", "anna"}}},
            {"workspace", {{"id", "wsp_1"}, {"name", name}}},
            {"engine", "container"},
            {"state", phase == "hibernated" ? "hibernated" : "running"},
            {"createdAt", "2026-01-31T09:30:00.000Z"},
            {"access", json::array{json::object{{"name", "web"},
                                                {"kind", "web"},
                                                {"url", "http://" + name + "-7f3k.localhost:8080/"},
                                                {"default", true}}}},
            {"status", status}};
}

json::object Stage::list(json::array items) {
    const auto total = items.size();
    return {{"items", std::move(items)}, {"total", total}};
}

}  // namespace berth::cli
