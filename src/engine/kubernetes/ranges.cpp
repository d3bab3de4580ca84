#include "engine/kubernetes/ranges.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <charconv>

#include "base/error.hpp"

namespace berth::engine::kubernetes {
namespace {

namespace ip = boost::asio::ip;

constexpr int port_max = 65535;

[[noreturn]] void refuse(const std::string& key, const std::string& text, const std::string& why) {
    throw Error(Kind::invalid, "invalid_config", key + ": " + quoted(text) + " " + why,
                "write 10.1.0.0/16, or 10.1.0.0/16:5432 where ports are allowed");
}

/// The same range without bits behind its prefix; empty when it is none.
std::string canonical(const std::string& cidr) {
    boost::system::error_code wrong;
    if (cidr.find(':') == cidr.npos) {
        const auto network = ip::make_network_v4(cidr, wrong);
        return wrong ? "" : network.canonical().to_string();
    }
    const auto network = ip::make_network_v6(cidr, wrong);
    return wrong ? "" : network.canonical().to_string();
}

int read_port(std::string_view text) {
    int port = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, wrong] = std::from_chars(text.data(), end, port);
    return wrong == std::errc{} && stop == end && port <= port_max ? port : 0;
}

}  // namespace

Range read_range(const std::string& text, const std::string& key) {
    const auto slash = text.find('/');
    const auto colon = slash == text.npos ? text.npos : text.find(':', slash);
    Range range{.cidr = text.substr(0, colon)};
    const auto meant = slash == text.npos ? "" : canonical(range.cidr);
    if (meant.empty()) refuse(key, text, "is not a range of addresses");
    if (meant != range.cidr)
        refuse(key, text, "has bits behind its prefix: " + quoted(meant) + " is the range");
    if (colon == text.npos) return range;
    const auto ports = std::string_view(text).substr(colon + 1);
    const auto dash = ports.find('-');
    range.from = read_port(ports.substr(0, dash));
    range.to = dash == ports.npos ? range.from : read_port(ports.substr(dash + 1));
    if (range.from < 1 || range.to < range.from)
        refuse(key, text, "has no port or range of ports behind the colon");
    return range;
}

std::string read_cidr(const std::string& text, const std::string& key) {
    const auto range = read_range(text, key);
    if (range.from != 0) refuse(key, text, "names ports, and has to be closed whole");
    return range.cidr;
}

std::string range_of(const std::string& address) {
    boost::system::error_code wrong;
    const auto read = ip::make_address(address, wrong);
    if (wrong) return "";
    return read.to_string() + (read.is_v4() ? "/32" : "/128");
}

bool covers(const std::string& range, const std::string& other) {
    if ((range.find(':') == range.npos) != (other.find(':') == other.npos)) return false;
    const auto inside = [](const auto& outer, const auto& inner, auto at) {
        return inner.prefix_length() >= outer.prefix_length() && at.canonical() == outer.canonical();
    };
    if (range.find(':') == range.npos) {
        const auto outer = ip::make_network_v4(range), inner = ip::make_network_v4(other);
        return inside(outer, inner, ip::network_v4(inner.address(), outer.prefix_length()));
    }
    const auto outer = ip::make_network_v6(range), inner = ip::make_network_v6(other);
    return inside(outer, inner, ip::network_v6(inner.address(), outer.prefix_length()));
}

}  // namespace berth::engine::kubernetes
