#pragma once

#include <string>
#include <vector>

/// Ranges of addresses that an administrator writes. Pure.
namespace berth::engine::kubernetes {

/// `10.1.0.0/16`, `10.1.0.0/16:5432`, `fd00:1::/64:8000-8099`.
struct Range {
    std::string cidr;
    int from = 0, to = 0;  ///< Ports; 0: every one.
    bool operator==(const Range&) const = default;
};

/// Throws `invalid` (`invalid_config`) naming `key` for what is no range, has bits behind its prefix, or no
/// port.
Range read_range(const std::string& text, const std::string& key);

/// The same for a range that has no ports.
std::string read_cidr(const std::string& text, const std::string& key);

/// Of one address; empty when it is a name.
std::string range_of(const std::string& address);

/// Whether all addresses of `other` are in `range`. Neither has ports.
bool covers(const std::string& range, const std::string& other);

}  // namespace berth::engine::kubernetes
