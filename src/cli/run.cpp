#include "cli/run.hpp"

#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "base/yaml.hpp"
#include "cli/text_width.hpp"

namespace berth::cli {
namespace {

constexpr const char* usual_url = "http://localhost:8080";

/// `$name`, or `otherwise` below the home directory.
std::string folder(const Console& console, const std::string& name, const std::string& otherwise) {
    const auto set = console.variable(name);
    return set.starts_with('/') ? set : console.variable("HOME") + otherwise;
}

/// Names are one a line, so a line break in one would be two.
void write_names(std::ostream& out, const json::value& thing) {
    const auto* entries = thing.if_object();
    if (entries == nullptr) return;
    if (const auto* items = entries->if_contains("items"); items != nullptr && items->is_array()) {
        for (const auto& item : items->get_array()) write_names(out, item);
        return;
    }
    for (const auto* key : {"name", "id", "sequence"}) {
        const auto* found = entries->if_contains(key);
        if (found == nullptr) continue;
        out << printable(found->is_string() ? std::string(found->get_string()) : json::write(*found)) << "\n";
        return;
    }
}

}  // namespace

Format Run::format(Format otherwise) const {
    return options.output ? json::parse_enum<Format>(*options.output, "-o") : otherwise;
}

Colour Run::colour() const {
    const bool plain =
        options.no_color || !console.variable("NO_COLOR").empty() || console.variable("TERM") == "dumb";
    return console.out_terminal && !plain ? Colour::always : Colour::never;
}

std::string Run::login_path() const {
    return folder(console, "XDG_CONFIG_HOME", "/.config") + "/berth/config.json";
}

std::string Run::socket_path() const {
    if (options.socket) return *options.socket;
    if (const auto set = console.variable("BERTH_SOCKET"); !set.empty()) return set;
    if (geteuid() == 0) return "/var/lib/berth/berth.sock";
    return folder(console, "XDG_DATA_HOME", "/.local/share") + "/berth/berth.sock";
}

Server Run::server() const {
    Server server;
    if (options.local || options.socket) {
        server.socket = socket_path();
        server.url = usual_url;
        return server;
    }
    const auto file = read_login_file(login_path());
    const auto set = console.variable("BERTH_URL");
    server.url = options.url        ? tidy_url(*options.url)
                 : !set.empty()     ? tidy_url(set)
                 : file.url.empty() ? usual_url
                                    : file.url;
    server.token = options.token.value_or(console.variable("BERTH_TOKEN"));
    if (const auto login = file.logins.find(server.url); server.token.empty() && login != file.logins.end())
        server.token = login->second.token;
    return server;
}

Client& Run::client() {
    if (!client_) client_ = std::make_unique<Client>(server());
    return *client_;
}

CLI::App& Grammar::verb(CLI::App& parent, const std::string& name, const std::string& description,
                        const std::string& group) {
    auto* const made = parent.add_subcommand(name, description);
    made->group(group)->fallthrough();
    made->footer("Options of every verb: berth --help");
    made->get_formatter()->label("SUBCOMMAND", "VERB");
    made->get_formatter()->label("REQUIRED", "");
    return *made;
}

bool write_as_data(Run& run, Format format, const json::value& thing) {
    if (format == Format::json) run.console.out << json::write_pretty(thing);
    if (format == Format::yaml) run.console.out << yaml::write(thing);
    if (format == Format::name) write_names(run.console.out, thing);
    return format == Format::json || format == Format::yaml || format == Format::name;
}

std::string shell_word(const std::string& name) {
    const auto plain = [](unsigned char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.' ||
               letter >= 0x80;
    };
    if (!name.empty() && name.front() != '-' && std::ranges::all_of(name, plain)) return name;
    std::string word = "'";
    for (const char letter : name) word += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    return word + "'";
}

void write_error(Console& console, const Error& error) {
    console.out << std::flush;
    auto& err = console.err;
    err << "berth: " << printable(error.user) << "\n";
    if (const auto* failed = dynamic_cast<const SessionFailed*>(&error))
        for (const auto& line : failed->last_log) err << "  | " << printable(line) << "\n";
    if (!error.next.empty()) err << "       " << printable(error.next) << "\n";
    err << std::flush;
}

void require_terminal(const Run& run, const Loss& loss) {
    if (run.console.in_terminal && run.console.err_terminal) return;
    throw Error(Kind::invalid, "not_confirmed", loss.would,
                "if that is wanted, say so with: " + loss.command);
}

void confirm(Run& run, const Loss& loss) {
    require_terminal(run, loss);
    if (!ask_yes(run.console, printable(loss.question)))
        throw Error(Kind::conflict, "not_confirmed", loss.name + " stays as it was");
}

void add_yes_flag(CLI::App& verb, bool& yes) {
    verb.add_flag("-y,--yes", yes, "Do not ask; needed where there is no terminal to ask on");
}

int for_each(Run& run, const Names& names, const std::function<void(const std::string&)>& act) {
    int status = 0;
    for (const auto& name : names) {
        try {
            act(name);
        } catch (const Interrupted&) {
            throw;
        } catch (const Error& error) {
            if (names.size() == 1) throw;
            write_error(run.console, error);
            status = 1;
        }
    }
    return status;
}

}  // namespace berth::cli
