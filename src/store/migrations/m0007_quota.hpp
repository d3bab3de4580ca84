#pragma once

namespace berth::store::scripts {

// What admission sums up: sessions that take part in their user's use, and the sizes of volumes.
inline constexpr const char* m0007_quota = R"sql(
ALTER TABLE session ADD COLUMN takes_part TEXT NOT NULL DEFAULT '0';
UPDATE session SET takes_part = '1'
    WHERE phase NOT IN ('gone', 'failed') AND ask_terminate IS NULL AND
          (ask_hibernate IS NULL OR ask_wake >= ask_hibernate);
CREATE INDEX session_part_user ON session (user_id, template, revision) WHERE takes_part = '1';
CREATE INDEX session_part_engine ON session (engine, template, revision) WHERE takes_part = '1';
CREATE INDEX volume_user ON volume (user_id);
)sql";

}  // namespace berth::store::scripts
