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

/// `length` characters that follow from `text`, five bits each: an interface's name has room for few. At
/// most 12.
std::string short_hash(std::string_view text, std::size_t length) {
    constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuv";
    auto bits = std::stoull(sha256(text).substr(0, 16), nullptr, 16);
    std::string out;
    for (; out.size() < length; bits >>= 5) out += digits[bits & 31];
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
    return std::string(bridge_prefix) + short_hash(instance, 4);
}

std::string bridge_name(std::string_view instance, const WorkloadId& workload) {
    return instance_bridge_prefix(instance) + short_hash(fmt::format("{}/{}", instance, workload.text), 7);
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

}  // namespace berth::engine
