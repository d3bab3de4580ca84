#include "engine/container/firewall.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/child.hpp"
#include "base/log.hpp"
#include "engine/container/names.hpp"

namespace berth::engine {
namespace {

constexpr std::chrono::seconds limit{10};
constexpr int label_max = 63;  // RFC 1035, 2.3.4

// Not public: RFC 6890 and its updates. Sessions reach none of them.
constexpr const char* closed_ranges =
    "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, "
    "192.0.2.0/24, 192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24, "
    "224.0.0.0/3";
// Of the global unicast range: NAT64's private prefix, Teredo, ORCHID, documentation and 6to4.
constexpr const char* closed_ranges_6 = "2001::/23, 2001:db8::/32, 2002::/16, 3fff::/20";

constexpr const char* dns_podman = "0x03646e7306706f646d616e00";  // `dns.podman` as a name on the wire.

std::string elements(const std::vector<std::string>& list) {
    return list.empty() ? "" : fmt::format(" elements = {{ {} }};", fmt::join(list, ", "));
}

/// A question whose name is one label, alone or under the domain that Podman's resolvers search: its length
/// at byte 20 of the datagram, then that many bytes, then the end of the name.
std::string one_label_rules() {
    std::string rules;
    for (int length = 1; length <= label_max; ++length) {
        const int rest = 168 + 8 * length;
        rules += fmt::format("    @th,160,8 {} @th,{},8 0 accept\n", length, rest);
        rules += fmt::format("    @th,160,8 {} @th,{},96 {} accept\n", length, rest, dns_podman);
    }
    return rules;
}

}  // namespace

std::string render_rules(const std::string& instance, std::vector<Bridge> bridges) {
    std::sort(bridges.begin(), bridges.end());
    bridges.erase(std::unique(bridges.begin(), bridges.end()), bridges.end());
    std::vector<std::string> pairs, closed;
    for (const auto& bridge : bridges) {
        pairs.push_back(fmt::format("\"{0}\" . \"{0}\"", bridge.name));
        if (bridge.closed) closed.push_back('"' + bridge.name + '"');
    }
    return fmt::format(
        R"(table inet {table} {{}}
delete table inet {table}
table inet {table} {{
  set pairs {{ type ifname . ifname;{pairs} }}
  set closed {{ type ifname;{closed} }}
  chain forward {{
    type filter hook forward priority filter - 10; policy accept;
    iifname != "{ours}*" oifname != "{ours}*" accept
    ct state established,related accept
    iifname . oifname @pairs accept
    oifname "{ours}*" drop
    iifname @closed drop
    oifname "{all}*" drop
    ip daddr {{ {ranges} }} drop
    meta nfproto ipv6 ip6 daddr != 2000::/3 drop
    ip6 daddr {{ {ranges6} }} drop
  }}
  chain input {{
    type filter hook input priority filter - 10; policy accept;
    iifname != "{ours}*" accept
    ct state established,related accept
    iifname @closed udp dport 53 fib daddr . iif type local jump one_label
    iifname @closed reject
    udp dport 53 fib daddr . iif type local accept
    tcp dport 53 fib daddr . iif type local accept
    drop
  }}
  chain one_label {{
{labels}  }}
}}
)",
        fmt::arg("table", table_name(instance)), fmt::arg("pairs", elements(pairs)),
        fmt::arg("closed", elements(closed)), fmt::arg("ours", instance_bridge_prefix(instance)),
        fmt::arg("all", bridge_prefix), fmt::arg("ranges", closed_ranges),
        fmt::arg("ranges6", closed_ranges_6), fmt::arg("labels", one_label_rules()));
}

Task<> Firewall::apply() {
    ChildRequest request{.arguments = {"nft", "-f", "-"}, .input = render_rules(instance_, bridges_)};
    std::string problem;
    try {
        const auto result = co_await run_child(std::move(request), clock_, limit);
        if (result.status != 0) problem = "nft: " + result.last_lines(2);
    } catch (const Error& error) {
        problem = error.user;
    }
    if (!problem.empty() && problem != problem_)
        log::warning("network isolation is not enforced", {{"why", problem}});
    loaded_ = problem.empty();
    problem_ = std::move(problem);
}

Task<> Firewall::load(std::vector<Bridge> bridges) {
    bridges_ = std::move(bridges);
    co_await apply();
}

Task<> Firewall::check() {
    if (loaded_) {
        ChildRequest request{.arguments = {"nft", "list", "set", "inet", table_name(instance_), "pairs"}};
        const auto result = co_await run_child(std::move(request), clock_, limit);
        if (result.status == 0) co_return;
        log::warning("the nftables table was gone", {{"table", table_name(instance_)}});
    }
    co_await apply();
}

Task<> Firewall::add(Bridge bridge) {
    const bool known = std::find(bridges_.begin(), bridges_.end(), bridge) != bridges_.end();
    std::erase_if(bridges_, [&](const auto& other) { return other.name == bridge.name; });
    bridges_.push_back(bridge);
    if (loaded_) {
        // An element that is there already is fine; a table that is not there any more fails, and is made
        // again.
        ChildRequest request{.arguments = {"nft", "-f", "-"}};
        const auto table = table_name(instance_);
        request.input =
            fmt::format("add element inet {0} pairs {{ \"{1}\" . \"{1}\" }}\n", table, bridge.name);
        if (bridge.closed)
            request.input += fmt::format("add element inet {} closed {{ \"{}\" }}\n", table, bridge.name);
        if (!bridge.closed && !known)
            request.input += fmt::format(
                "add element inet {0} closed {{ \"{1}\" }}\ndelete element inet {0} closed {{ \"{1}\" }}\n",
                table, bridge.name);
        const auto result = co_await run_child(std::move(request), clock_, limit);
        if (result.status == 0) co_return;
    }
    co_await apply();
}

Task<> Firewall::drop(std::string name) {
    if (std::erase_if(bridges_, [&](const auto& bridge) { return bridge.name == name; }) == 0 || !loaded_)
        co_return;
    ChildRequest request{.arguments = {"nft", "-f", "-"}};
    // Added first, so that what is not there is no error.
    for (const auto& [set, element] : {std::pair("pairs", fmt::format("\"{0}\" . \"{0}\"", name)),
                                       std::pair("closed", fmt::format("\"{}\"", name))})
        request.input +=
            fmt::format("add element inet {0} {1} {{ {2} }}\ndelete element inet {0} {1} {{ {2} }}\n",
                        table_name(instance_), set, element);
    const auto result = co_await run_child(std::move(request), clock_, limit);
    if (result.status != 0) co_await apply();
}

Task<> Firewall::remove() {
    ChildRequest request{.arguments = {"nft", "-f", "-"}};
    request.input = fmt::format("table inet {0} {{}}\ndelete table inet {0}\n", table_name(instance_));
    bridges_.clear();
    loaded_ = false;
    co_await run_child(std::move(request), clock_, limit);
}

}  // namespace berth::engine
