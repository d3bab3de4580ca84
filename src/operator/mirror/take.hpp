#pragma once

#include "operator/mirror/seen.hpp"
#include "store/store.hpp"

/// What a custom resource does to the rows, as its user and under the same quotas as by the API.
namespace berth::control::mirror {

/// A resource whose spec is to be taken over.
struct Taking {
    Noun noun = Noun::session;
    std::string namespace_;
    json::value object;
    std::string engine;  ///< Where a new session runs.
    Time now{};
};

/// Makes the row that the resource stands for, or changes it as the spec was changed, and writes down that
/// its generation is taken over. What kubectl makes again in the place of a resource of its own that vanished
/// becomes that row's. Throws as the acts do: nothing is changed then.
void take(store::Tx& tx, const Taking& taking);

/// Asks of the session for what the spec asks, and writes down that its generation is taken over.
void take_ask(store::Tx& tx, Mirrored record, const Seen& seen, Time now);

/// The end of the resource is that of the row. Throws `conflict` for a workspace that is in use.
void end_row(store::Tx& tx, const Mirrored& record, Time now);

/// `quota_exceeded` as conditions and Events write it: QuotaExceeded.
std::string reason_of(const Error& error);
/// What to show: what it is, and what to do now.
std::string message_of(const Error& error);

}  // namespace berth::control::mirror
