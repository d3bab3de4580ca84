#include "net/forwarded.hpp"

#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <optional>

#include "base/error.hpp"
#include "net/text.hpp"

namespace berth::net {
namespace {

namespace ip = boost::asio::ip;
using Bytes16 = std::array<unsigned char, 16>;

/// Every address as one of IPv6.
std::optional<Bytes16> read_address(std::string_view text) {
    if (text.empty() || text.size() > 45 || text.find('%') != text.npos) return std::nullopt;
    boost::system::error_code failure;
    const auto address = ip::make_address(std::string(text), failure);
    if (failure) return std::nullopt;
    if (address.is_v6()) return address.to_v6().to_bytes();
    return ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes();
}

bool same_bits(const Bytes16& left, const Bytes16& right, int bits) {
    for (std::size_t i = 0; bits > 0; ++i, bits -= 8) {
        const auto mask = static_cast<unsigned char>(bits >= 8 ? 0xFF : 0xFF << (8 - bits));
        if ((left[i] & mask) != (right[i] & mask)) return false;
    }
    return true;
}

/// Without the port that some proxies add: `192.0.2.7:4711`, `[2001:db8::7]:4711`.
std::string_view without_port(std::string_view text) {
    if (text.starts_with('[')) return text.substr(1, text.find(']') - 1);
    const auto colon = text.find(':');
    return colon != text.npos && text.find(':', colon + 1) == text.npos ? text.substr(0, colon) : text;
}

}  // namespace

AddressRanges::AddressRanges(const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
        std::string_view rest = text;
        const auto name = cut_front(rest, '/');
        const auto address = read_address(name);
        const int most = name.find(':') == name.npos ? 32 : 128;
        int bits = most;
        const bool whole = text.find('/') == text.npos;
        const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), bits);
        const bool number = failure == std::errc() && end == rest.data() + rest.size();
        if (!address || (!whole && !number) || bits < 0 || bits > most)
            throw Error(Kind::invalid, "invalid_field",
                        quoted(text.substr(0, 64)) + " is not a range of addresses",
                        "write 10.0.0.0/8, fd00::/8 or one address");
        ranges_.push_back({*address, most == 32 ? bits + 96 : bits});
    }
}

bool AddressRanges::hold(std::string_view address) const {
    if (ranges_.empty()) return false;
    const auto bytes = read_address(address);
    if (!bytes) return false;
    for (const auto& range : ranges_)
        if (same_bits(range.address, *bytes, range.bits)) return true;
    return false;
}

std::string client_address(const AddressRanges& proxies, std::string_view peer,
                           const std::vector<Field>& fields) {
    std::string client(peer);
    if (!proxies.hold(peer)) return client;
    int hops = 0;
    for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
        if (field->id != Name::x_forwarded || !same_word(field->name, "x-forwarded-for")) continue;
        auto rest = field->value;
        while (!rest.empty()) {
            const auto comma = rest.rfind(',');
            const auto word = without_port(trim(comma == rest.npos ? rest : rest.substr(comma + 1)));
            rest = comma == rest.npos ? std::string_view() : rest.substr(0, comma);
            if (++hops > hops_max || !read_address(word)) return client;
            client = word;
            if (!proxies.hold(word)) return client;
        }
    }
    return client;
}

}  // namespace berth::net
