#include "plan/hosts.hpp"

#include <algorithm>

#include "model/limits.hpp"

namespace berth::plan {

bool is_led(const Facts& facts, const Observed& have) {
    return !have.hosts || *have.hosts == hosts_of(facts);
}

std::vector<std::string> kept_hosts(const Facts& facts, const Observed& have, const SessionStatus& status) {
    const bool led = have.hosts && !have.hosts->empty();
    return have.hosts && (led || status.timings.routed) ? hosts_of(facts) : std::vector<std::string>();
}

std::vector<std::string> hosts_of(const Facts& facts) {
    std::string_view host = facts.url;
    host.remove_prefix(std::min(host.find("//") + 2, host.size()));
    host = host.substr(0, host.find(':'));
    std::vector<std::string> hosts{std::string(host)};
    for (const auto& access : facts.revision.spec.access) {
        auto made = access.name + "--" + std::string(host);
        if (made.find('.') <= limits::name_max && hosts.size() < hosts_max) hosts.push_back(std::move(made));
    }
    return hosts;
}

}  // namespace berth::plan
