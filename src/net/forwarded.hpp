#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "net/head.hpp"

/// What proxies before us say of a client, and whom of them we believe.
namespace berth::net {

/// Ranges of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
class AddressRanges {
  public:
    AddressRanges() = default;
    /// Throws `invalid` (`invalid_field`) naming what is no range.
    explicit AddressRanges(const std::vector<std::string>& texts);

    /// False for what is no address. An IPv4 address within IPv6 (`::ffff:10.0.0.1`) is the IPv4 address.
    bool hold(std::string_view address) const;
    bool empty() const { return ranges_.empty(); }

  private:
    struct Range {
        std::array<unsigned char, 16> address;
        int bits;
    };
    std::vector<Range> ranges_;
};

/// The address of who sent a request: the peer's, or when that is a proxy of ours the last one in
/// X-Forwarded-For that is none.
///
/// Reads from the end, where our own proxies write, and believes nothing before the first address that is
/// not theirs or the first word that is no address. Looks at `hops_max` entries at most.
std::string client_address(const AddressRanges& proxies, std::string_view peer,
                           const std::vector<Field>& fields);

inline constexpr int hops_max = 32;

}  // namespace berth::net
