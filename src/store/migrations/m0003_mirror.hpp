#pragma once

namespace berth::store::scripts {

// Which custom resource of a cluster stands for which row, and up to which generation its spec was taken
// over.
inline constexpr const char* m0003_mirror = R"sql(
CREATE TABLE mirror (
    kind       TEXT NOT NULL,
    row_id     TEXT NOT NULL,
    namespace  TEXT NOT NULL,
    name       TEXT NOT NULL,
    uid        TEXT NOT NULL UNIQUE,
    origin     TEXT NOT NULL,
    generation BIGINT NOT NULL,
    PRIMARY KEY (kind, row_id)
);
)sql";

}  // namespace berth::store::scripts
