#include "engine/container/names.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cctype>
#include <cstdio>

namespace berth::engine {
namespace {

constexpr std::size_t part_max = 40;

/// Letters, digits, `_` and `-`; anything else makes it unreadable, so a hash keeps it unique.
std::string sanitised(std::string_view text) {
    std::string out;
    bool changed = text.empty() || text.size() > part_max;
    for (const char letter : text.substr(0, part_max)) {
        const bool plain = std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' ||
                           letter == '-' || (letter == '.' && !out.empty());
        out += plain ? letter : '-';
        changed = changed || !plain;
    }
    if (changed) out += "-" + sha256(text).substr(0, 8);
    return out;
}

}  // namespace

std::string sha256(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        throw Error(Kind::internal, "internal", "SHA-256 failed");
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
}

std::string instance_bridge_prefix(std::string_view instance) {
    return std::string(bridge_prefix) + sha256(instance).substr(0, 3);
}

std::string bridge_name(std::string_view instance, const WorkloadId& workload) {
    return instance_bridge_prefix(instance) +
           sha256(fmt::format("{}/{}", instance, workload.text)).substr(0, 8);
}

std::string network_name(std::string_view instance, const WorkloadId& workload) {
    return fmt::format("berth-{}-{}", instance, sanitised(workload.text));
}

std::string container_name(std::string_view instance, const WorkloadId& workload, std::string_view component,
                           std::string_view generation) {
    return fmt::format("berth-{}-{}-{}-{}", instance, sanitised(workload.text), sanitised(component),
                       sanitised(generation));
}

std::string table_name(std::string_view instance) {
    return "berth_" + sanitised(instance);
}

std::string run_directory(std::string_view data, const WorkloadId& workload) {
    return fmt::format("{}/run/{}", data, sha256(workload.text).substr(0, 16));
}

std::string component_directory(std::string_view data, const WorkloadId& workload,
                                std::string_view component) {
    return run_directory(data, workload) + "/" + sanitised(component);
}

std::string init_socket(std::string_view data, const WorkloadId& workload, std::string_view component) {
    return component_directory(data, workload, component) + "/init.sock";
}

std::vector<std::string> subnets_of(const std::string& pool, std::string_view seed) {
    unsigned a = 0, b = 0, c = 0, d = 0, length = 0;
    int used = 0;
    const int fields = std::sscanf(pool.c_str(), "%3u.%3u.%3u.%3u/%2u%n", &a, &b, &c, &d, &length, &used);
    const bool sane = fields == 5 && static_cast<std::size_t>(used) == pool.size() && a < 256 && b < 256 &&
                      c < 256 && d < 256 && length >= 8 && length <= 24;
    if (!sane)
        throw Error(Kind::invalid, "invalid_field", quoted(pool) + " is not a pool of subnets",
                    "write it as 10.89.0.0/16");
    const std::uint32_t count = 1u << (24 - length);
    const std::uint32_t first = (a << 16 | b << 8 | c) & ~(count - 1);
    const auto start = static_cast<std::uint32_t>(std::stoul(sha256(seed).substr(0, 6), nullptr, 16));
    std::vector<std::string> subnets;
    for (std::uint32_t i = 0; i < count && subnets.size() < 256; ++i) {
        const auto net = first + (start + i) % count;
        subnets.push_back(fmt::format("{}.{}.{}.0/24", net >> 16, net >> 8 & 255, net & 255));
    }
    return subnets;
}

}  // namespace berth::engine
