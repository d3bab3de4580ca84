#include <boost/asio/ip/address.hpp>

#include "auth/auth.hpp"
#include "store/fold.hpp"

namespace berth::auth {
namespace {

/// Failures without a wait, and the longest wait, for a name and for an address behind which many people may
/// be.
constexpr int name_free = 5;
constexpr int address_free = 20;
constexpr Duration name_wait_max = std::chrono::minutes(1);
constexpr Duration address_wait_max = std::chrono::minutes(15);
/// Failures are forgotten this long after the last wait.
constexpr Duration forget_after = std::chrono::minutes(15);
constexpr std::size_t counts_max = 10'000;

std::string name_key(std::string_view name) {
    return "name " + store::fold(name.substr(0, 256));
}

/// A network of IPv6 is one address: its owner has as many as there are stars. None for a Unix socket.
std::string address_key(std::string_view remote) {
    if (remote.empty()) return {};
    boost::system::error_code failure;
    const auto address = asio::ip::make_address(std::string(remote), failure);
    if (failure || !address.is_v6()) return "address " + std::string(remote.substr(0, 64));
    auto bytes = address.to_v6().to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), 0);
    return "address " + asio::ip::make_address_v6(bytes).to_string();
}

Duration wait_after(int failures, int free, Duration most) {
    const int over = failures - free;
    if (over < 0) return Duration(0);
    return over >= 20 ? most : std::min<Duration>(most, std::chrono::seconds(1LL << over));
}

}  // namespace

void Attempts::require(std::string_view name, std::string_view remote) {
    const auto now = clock_.now();
    Time until = now;
    for (const auto& key : {name_key(name), address_key(remote)})
        if (const auto count = counts_.find(key); count != counts_.end())
            until = std::max(until, count->second.until);
    if (until <= now) return;
    const auto wait = std::chrono::ceil<std::chrono::seconds>(until - now);
    throw Error(Kind::too_many, "too_many_attempts", "too many attempts to sign in have failed",
                "try again in " + to_string(Duration(wait)));
}

void Attempts::failed(std::string_view name, std::string_view remote) {
    const auto now = clock_.now();
    const auto stale = [&](const auto& entry) { return entry.second.until + forget_after <= now; };
    if (counts_.size() >= counts_max) std::erase_if(counts_, stale);
    // Still full: somebody invents names, and the addresses are what counts them.
    if (counts_.size() >= counts_max)
        std::erase_if(counts_, [](const auto& entry) { return entry.first[0] == 'n'; });
    if (counts_.size() >= counts_max) counts_.clear();
    const auto count = [&](const std::string& key, int free, Duration most) {
        if (key.empty()) return;
        auto& entry = counts_[key];
        if (entry.until + forget_after <= now) entry.failures = 0;
        ++entry.failures;
        entry.until = now + wait_after(entry.failures, free, most);
    };
    count(name_key(name), name_free, name_wait_max);
    count(address_key(remote), address_free, address_wait_max);
}

void Attempts::succeeded(std::string_view name, std::string_view remote) {
    counts_.erase(name_key(name));
    // Only this attempt: who knows one password may still be guessing others.
    const auto address = counts_.find(address_key(remote));
    if (address == counts_.end()) return;
    if (--address->second.failures <= 0)
        counts_.erase(address);
    else if (address->second.failures < address_free)
        address->second.until = clock_.now();
}

}  // namespace berth::auth
