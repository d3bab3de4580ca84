#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "net/head.hpp"
#include "net/text.hpp"

namespace berth::net {
namespace {

struct Known {
    std::string_view name;
    Name id;
};

constexpr Known known[] = {
    {"te", Name::te},
    {"host", Name::host},
    {"accept", Name::accept},
    {"cookie", Name::cookie},
    {"expect", Name::expect},
    {"origin", Name::origin},
    {"trailer", Name::trailer},
    {"upgrade", Name::upgrade},
    {"forwarded", Name::forwarded},
    {"x-real-ip", Name::x_forwarded},
    {"connection", Name::connection},
    {"keep-alive", Name::keep_alive},
    {"set-cookie", Name::set_cookie},
    {"berth-token", Name::berth_token},
    {"authorization", Name::authorization},
    {"content-length", Name::content_length},
    {"http2-settings", Name::http2_settings},
    {"sec-fetch-dest", Name::sec_fetch_dest},
    {"sec-fetch-mode", Name::sec_fetch_mode},
    {"sec-fetch-site", Name::sec_fetch_site},
    {"proxy-connection", Name::proxy_connection},
    {"transfer-encoding", Name::transfer_encoding},
    {"proxy-authenticate", Name::proxy_authenticate},
    {"proxy-authorization", Name::proxy_authorization},
    {"service-worker-allowed", Name::service_worker_allowed},
};

/// Where the names of each length start in `known`, which is ordered by length.
constexpr auto starts = [] {
    std::array<std::uint8_t, 25> table{};
    for (std::size_t length = 0; length < table.size(); ++length) {
        std::uint8_t at = 0;
        while (at < std::size(known) && known[at].name.size() < length) ++at;
        table[length] = at;
    }
    return table;
}();

bool starts_with_word(std::string_view text, std::string_view start) {
    return text.size() > start.size() && same_word(text.substr(0, start.size()), start);
}

}  // namespace

Name classify(std::string_view name) {
    if (name.size() + 1 < starts.size())
        for (auto at = starts[name.size()]; at < starts[name.size() + 1]; ++at)
            if (same_word(known[at].name, name)) return known[at].id;
    if (starts_with_word(name, "x-berth-")) return Name::x_berth;
    if (starts_with_word(name, "x-forwarded-")) return Name::x_forwarded;
    if (name.find('_') == std::string_view::npos) return Name::other;
    // CGI and WSGI give an application `X_Berth_User` and `X-Berth-User` under one name.
    std::string dashed(name);
    std::replace(dashed.begin(), dashed.end(), '_', '-');
    const auto twin = classify(dashed);
    const bool reserved = twin == Name::x_berth || twin == Name::x_forwarded || twin == Name::berth_token;
    return reserved ? twin : Name::other;
}

}  // namespace berth::net
