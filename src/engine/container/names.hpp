#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/workload.hpp"

/// What things of a workload are called in the engine and on this machine. Pure; the same input, the same
/// name.
namespace berth::engine {

inline constexpr const char* label_instance = "berth.instance";
inline constexpr const char* label_workload = "berth.workload";
inline constexpr const char* label_component = "berth.component";
inline constexpr const char* label_generation = "berth.generation";
inline constexpr const char* label_spec = "berth.spec";
inline constexpr const char* label_delivery = "berth.delivery";  ///< Its process 1 waits to be bound.
inline constexpr const char* label_context = "berth.context";

/// SHA-256 in lower-case hex.
std::string sha256(std::string_view bytes);

/// What every bridge of every Berth begins with.
inline constexpr std::string_view bridge_prefix = "brth";
/// What every bridge of this instance begins with: `brth` and 4 letters or digits.
std::string instance_bridge_prefix(std::string_view instance);
/// The interface of a workload's network: the instance's prefix and 7 letters or digits, 15 characters in
/// all.
std::string bridge_name(std::string_view instance, const WorkloadId& workload);

std::string network_name(std::string_view instance, const WorkloadId& workload);
/// At most 128 characters of `[a-zA-Z0-9_.-]`.
std::string container_name(std::string_view instance, const WorkloadId& workload, std::string_view component,
                           std::string_view generation);

/// Name of the nftables table of this instance.
std::string table_name(std::string_view instance);

/// Where process 1 of each component of a workload has its socket: `DATA/run/HASH`.
std::string run_directory(std::string_view data, const WorkloadId& workload);
/// The folder that is mounted at /run/berth of one component.
std::string component_directory(std::string_view data, const WorkloadId& workload,
                                std::string_view component);
std::string init_socket(std::string_view data, const WorkloadId& workload, std::string_view component);

}  // namespace berth::engine
