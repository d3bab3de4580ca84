#include "store/postgres_uri.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <memory>

namespace berth::store {
namespace {

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char letter : text) {
        if (std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' || letter == '-')
            out += letter;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
    }
    return out;
}

std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line))
        throw Error(Kind::unavailable, "password_unreadable",
                    "the file with the password of the database cannot be read", {}, path);
    return line;
}

[[noreturn]] void refuse_uri() {
    throw Error(Kind::invalid, "unknown_database", "the URL of the database cannot be read",
                "write it as postgres://USER@HOST:PORT/NAME, with %XX for what is special in a URL");
}

std::string whole_seconds(Duration length) {
    return std::to_string(std::max<std::int64_t>(2, length / std::chrono::seconds(1)));
}

}  // namespace

std::string connection_uri(const std::string& given, const ServerOptions& options) {
    // What libpq says about a URI may quote the password.
    const std::unique_ptr<PQconninfoOption, decltype(&::PQconninfoFree)> parsed(
        ::PQconninfoParse(given.c_str(), nullptr), &::PQconninfoFree);
    if (!parsed) refuse_uri();
    std::map<std::string, std::string> values{
        {"connect_timeout", whole_seconds(options.connect_limit)},
        {"keepalives_idle", "5"},
        {"keepalives_interval", "2"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", std::to_string(options.silence_limit.count())},
        {"target_session_attrs", "read-write"},
        {"fallback_application_name", "berth"}};
    if (!options.password_file.empty()) values["password"] = first_line(options.password_file);
    for (const auto* option = parsed.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr) values[option->keyword] = option->val;
    // A password with a / in it looks so.
    if (values["port"].find_first_not_of("0123456789,") != std::string::npos) refuse_uri();
    // SOCI takes a text apart at spaces and quotes before libpq sees it: nothing of that kind is left here.
    std::string uri = "postgresql://?";
    std::erase_if(values, [](const auto& entry) { return entry.second.empty(); });
    for (const auto& [name, value] : values)
        uri += fmt::format("{}{}={}", uri.back() == '?' ? "" : "&", name, percent_encoded(value));
    return uri;
}

}  // namespace berth::store
