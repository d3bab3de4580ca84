#pragma once

namespace berth::store::scripts {

// How long sessions stay, and how far each process has reported what people did.
inline constexpr const char* m0005_stay = R"sql(
ALTER TABLE session ADD COLUMN stay TEXT NOT NULL DEFAULT '{}';

CREATE TABLE watermark (
    holder      TEXT PRIMARY KEY,
    reported_at BIGINT NOT NULL
);
)sql";

}  // namespace berth::store::scripts
