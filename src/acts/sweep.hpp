#pragma once

#include "plan/sweep.hpp"
#include "store/store.hpp"

/// Sweeping when an administrator asks: who asks writes it down, the operator does it and writes down what it
/// found. Both judge by the same rows.
namespace berth::acts {

/// The workloads of an engine that sessions may have: of every one that is not gone.
std::vector<WorkloadId> workloads_on(store::Rows& rows, const std::string& engine);

/// An engine's things with the rows that they are judged by.
plan::SweepFacts sweep_facts(store::Rows& rows, std::string engine, std::vector<Thing> things);

struct SweepAsk {
    Time at{};
    std::string actor;
};
BOOST_DESCRIBE_STRUCT(SweepAsk, (), (at, actor))

/// What the operator has done about an ask.
struct SweepReport {
    SweepAsk ask;
    Time at{};
    std::vector<plan::Finding> acted;  ///< What is being removed or started; at most `sweep_kept_max`.
    std::int64_t total = 0;            ///< Of these, also those that are not kept here.
    std::vector<std::string> failed;   ///< Engines that did not answer, and why.
};
BOOST_DESCRIBE_STRUCT(SweepReport, (), (ask, at, acted, total, failed))

inline constexpr std::size_t sweep_kept_max = 1000;

void ask_sweep(store::Tx& tx, const Caller& caller, Time now);
/// The ask that was not answered yet.
std::optional<SweepAsk> open_sweep(store::Rows& rows);
std::optional<SweepReport> last_sweep(store::Rows& rows);
void report_sweep(store::Tx& tx, SweepReport report, const std::string& actor);

}  // namespace berth::acts
