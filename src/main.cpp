#include <CLI/CLI.hpp>
#include <iostream>

#include "api/openapi.hpp"
#include "base/yaml.hpp"
#include "cli/cli.hpp"
#include "config.hpp"
#include "crds/crds.hpp"
#include "doctor.hpp"
#include "migrate.hpp"
#include "up.hpp"

namespace berth {
namespace {

/// The flags that are the configuration, as a verb reads them.
struct ConfigFlags {
    std::string path;
    std::map<std::string, std::string> given;  // By wire name.

    Config read() const { return read_config(path, given, berth_environment()); }
};

/// Adds `--config`, one flag for each member of the configuration, and the short forms that people use every
/// day.
std::shared_ptr<ConfigFlags> add_config_flags(CLI::App& verb) {
    auto flags = std::make_shared<ConfigFlags>();
    verb.add_option("--config", flags->path, "configuration file (YAML)")
        ->envname("BERTH_CONFIG")
        ->type_name("FILE");
    boost::mp11::mp_for_each<json::detail::Members<Config>>([&](auto member) {
        const auto key = json::wire_name(member.name);
        const auto keep = [flags, key](const std::string& text) { flags->given[key] = text; };
        const auto found = config_help.find(member.name);
        verb.add_option_function<std::string>("--" + flag_name(member.name), keep,
                                              found == config_help.end() ? "" : found->second)
            ->type_name("VALUE");
    });
    verb.add_option_function<int>(
            "--port", [flags](int port) { flags->given["listen"] = "127.0.0.1:" + std::to_string(port); },
            "port to serve on, on this machine only")
        ->check(CLI::Range(0, 65535))
        ->type_name("N");
    verb.add_option_function<std::string>(
            "--data", [flags](const std::string& path) { flags->given["dataDirectory"] = path; },
            "where the database, sockets and logs are")
        ->type_name("DIR");
    return flags;
}

std::function<int()> add_up(CLI::App& verb) {
    auto flags = add_config_flags(verb);
    auto options = std::make_shared<UpOptions>();
    verb.add_flag("--detach", options->detach, "come back once it is ready; it goes on in the background");
    verb.add_flag("!--no-open", options->open, "do not open a browser");
    return [flags, options] { return up(flags->read(), *options); };
}

std::function<int()> add_down(CLI::App& verb) {
    auto flags = add_config_flags(verb);
    auto sessions = std::make_shared<bool>(false);
    verb.add_flag("--sessions", *sessions, "hibernate its sessions too; files stay");
    return [flags, sessions] { return down(flags->read(), *sessions); };
}

std::function<int()> add_serve(CLI::App& verb) {
    auto flags = add_config_flags(verb);
    return [flags] { return serve(flags->read()); };
}

std::function<int()> add_doctor(CLI::App& verb) {
    auto flags = add_config_flags(verb);
    return [flags] { return doctor(flags->read()); };
}

std::function<int()> add_config(CLI::App& verb) {
    auto flags = add_config_flags(verb);
    return [flags] {
        std::cout << yaml::write(json::to_json(without_secrets(with_defaults(flags->read()))));
        return 0;
    };
}

std::function<int()> add_migrate(CLI::App& verb) {
    auto options = std::make_shared<MigrateOptions>();
    verb.add_option("--from", options->from, "the database to copy: sqlite:FILE or postgres://USER@HOST/NAME")
        ->required()
        ->type_name("DATABASE");
    verb.add_option("--to", options->to, "the one to copy to, which is empty or not there yet")
        ->required()
        ->type_name("DATABASE");
    verb.add_option("--database-password-file", options->password_file,
                    config_help.at("database_password_file"))
        ->envname("BERTH_DATABASE_PASSWORD_FILE")
        ->type_name("FILE");
    return [options] { return migrate(*options); };
}

std::function<int()> add_openapi(CLI::App&) {
    return [] {
        std::cout << api::openapi_document(BERTH_VERSION);
        return 0;
    };
}

std::function<int()> add_crds(CLI::App& verb) {
    auto docs = std::make_shared<bool>(false);
    verb.add_flag("--docs", *docs, "print their reference for people instead (Markdown)");
    return [docs] {
        std::cout << (*docs ? crds::reference_text() : crds::definitions_text() + crds::policies_text());
        return 0;
    };
}

}  // namespace
}  // namespace berth

int main(int argc, char** argv) {
    const berth::cli::ServerVerbs verbs{.up = berth::add_up,
                                        .down = berth::add_down,
                                        .serve = berth::add_serve,
                                        .doctor = berth::add_doctor,
                                        .config = berth::add_config,
                                        .migrate = berth::add_migrate,
                                        .openapi = berth::add_openapi,
                                        .crds = berth::add_crds};
    return berth::cli::run(argc, argv, verbs);
}
