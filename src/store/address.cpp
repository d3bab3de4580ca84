#include "store/address.hpp"

#include "base/error.hpp"
#include "base/secret_text.hpp"

namespace berth::store {

Address parse_address(std::string_view database) {
    constexpr std::string_view prefix = "sqlite:";
    if (database.empty()) return {};
    if (database.starts_with("postgres://") || database.starts_with("postgresql://"))
        return {Address::server, std::string(database)};
    if (database.starts_with(prefix)) database.remove_prefix(prefix.size());
    if (database.empty() || database.find("://") != std::string_view::npos)
        throw Error(Kind::invalid, "unknown_database",
                    "the database " + quoted(without_password(database)) + " is none that Berth can use",
                    "give the path of a file, or postgres://USER@HOST/NAME");
    return {Address::file, std::string(database)};
}

}  // namespace berth::store
