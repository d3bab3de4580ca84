#pragma once

namespace berth::store::scripts {

// A volume that was there before is not new: no init step runs in it.
inline constexpr const char* m0004_init_steps = R"sql(
ALTER TABLE volume ADD COLUMN init_done BIGINT;
)sql";

}  // namespace berth::store::scripts
