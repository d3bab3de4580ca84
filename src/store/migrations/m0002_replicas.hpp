#pragma once

namespace berth::store::scripts {

// For several Berths on one database. `leader` has one row at most. `writer` has a row for each writer on a
// PostgreSQL server, with its newest commit: how it learns whether one whose answer was lost is there.
inline constexpr const char* m0002_replicas = R"sql(
CREATE TABLE leader (
    id         BIGINT PRIMARY KEY,
    holder     TEXT NOT NULL,
    epoch      BIGINT NOT NULL,
    renewed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE writer (
    id         TEXT PRIMARY KEY,
    batch      BIGINT NOT NULL,
    written_at BIGINT NOT NULL
);
)sql";

}  // namespace berth::store::scripts
