#pragma once

namespace berth::store::scripts {

// Freezing and waiting for room; tiers and groups; what users keep sealed with us.
inline constexpr const char* m0006_lifecycle = R"sql(
ALTER TABLE session ADD COLUMN ask_freeze BIGINT;
ALTER TABLE session ADD COLUMN queued_at BIGINT;
CREATE INDEX session_queue ON session (queued_at, id) WHERE queued_at IS NOT NULL;

ALTER TABLE "user" ADD COLUMN tier TEXT NOT NULL DEFAULT '';

CREATE TABLE tier (
    name       TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL,
    quota      TEXT NOT NULL
);

CREATE TABLE user_group (
    id          TEXT PRIMARY KEY,
    created_at  BIGINT NOT NULL,
    name        TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    tier        TEXT NOT NULL,
    quota       TEXT NOT NULL
);

CREATE TABLE membership (
    group_id TEXT NOT NULL REFERENCES user_group (id),
    user_id  TEXT NOT NULL REFERENCES "user" (id),
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX membership_user ON membership (user_id, group_id);

CREATE TABLE sealing_key (
    id         TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL,
    sealed     TEXT NOT NULL,
    retired_at BIGINT
);

CREATE TABLE secret (
    user_id    TEXT NOT NULL REFERENCES "user" (id),
    name       TEXT NOT NULL,
    key_id     TEXT NOT NULL REFERENCES sealing_key (id),
    sealed     TEXT NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, name)
);
CREATE INDEX secret_key ON secret (key_id);

CREATE TABLE user_file (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES "user" (id),
    path       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    type       TEXT NOT NULL,
    size       BIGINT NOT NULL,
    sha256     TEXT NOT NULL,
    complete   BIGINT NOT NULL
);
CREATE INDEX user_file_path ON user_file (user_id, path);

CREATE TABLE user_file_part (
    file_id TEXT NOT NULL REFERENCES user_file (id),
    number  BIGINT NOT NULL,
    key_id  TEXT NOT NULL REFERENCES sealing_key (id),
    sealed  TEXT NOT NULL,
    PRIMARY KEY (file_id, number)
);
CREATE INDEX user_file_part_key ON user_file_part (key_id);

CREATE TABLE consent (
    user_id  TEXT NOT NULL REFERENCES "user" (id),
    template TEXT NOT NULL,
    secret   TEXT NOT NULL,
    given_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, template, secret)
);
)sql";

}  // namespace berth::store::scripts
