#pragma once

namespace berth::store::scripts {

// Times are milliseconds since 1970, amounts bytes. `search` and `name_folded` hold folded text
// (store/fold.hpp).
inline constexpr const char* m0001_first = R"sql(
CREATE TABLE "user" (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    name_folded   TEXT NOT NULL,
    display_name  TEXT NOT NULL,
    email         TEXT,
    role          TEXT NOT NULL,
    active        BIGINT NOT NULL,
    quota         TEXT NOT NULL,
    password      TEXT,
    created_at    BIGINT NOT NULL,
    last_login_at BIGINT,
    search        TEXT NOT NULL
);
CREATE UNIQUE INDEX user_name ON "user" (name_folded);
CREATE INDEX user_created ON "user" (created_at, id);

CREATE TABLE login (
    id          TEXT PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES "user" (id),
    secret_hash TEXT NOT NULL UNIQUE,
    user_agent  TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX login_user ON login (user_id, created_at);
CREATE INDEX login_expiry ON login (expires_at);

CREATE TABLE token (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES "user" (id),
    name         TEXT NOT NULL,
    secret_hash  TEXT NOT NULL UNIQUE,
    scope        TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT
);
CREATE UNIQUE INDEX token_name ON token (user_id, name);

CREATE TABLE ticket (
    secret_hash TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    user_id     TEXT NOT NULL,
    login_id    TEXT NOT NULL,
    host        TEXT NOT NULL,
    nonce       TEXT NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX ticket_expiry ON ticket (expires_at);

CREATE TABLE template (
    name         TEXT PRIMARY KEY,
    revision     BIGINT NOT NULL,
    owner_id     TEXT REFERENCES "user" (id),
    display_name TEXT NOT NULL,
    category     TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    deleted_at   BIGINT,
    search       TEXT NOT NULL
);

CREATE TABLE template_revision (
    name       TEXT NOT NULL REFERENCES template (name),
    revision   BIGINT NOT NULL,
    owner_id   TEXT REFERENCES "user" (id),
    spec       TEXT NOT NULL,
    digests    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (name, revision)
);

CREATE VIEW template_newest AS
    SELECT t.name AS name, t.revision AS revision, r.spec AS spec, t.owner_id AS owner_id,
           t.created_at AS created_at, t.updated_at AS updated_at, t.display_name AS display_name,
           t.category AS category, t.search AS search
    FROM template t JOIN template_revision r ON r.name = t.name AND r.revision = t.revision
    WHERE t.deleted_at IS NULL;

CREATE TABLE workspace (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES "user" (id),
    name         TEXT NOT NULL,
    template     TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    deleted_at   BIGINT,
    search       TEXT NOT NULL
);
CREATE UNIQUE INDEX workspace_name ON workspace (user_id, name) WHERE deleted_at IS NULL;
CREATE INDEX workspace_created ON workspace (created_at, id);

CREATE TABLE session (
    id                 TEXT PRIMARY KEY,
    user_id            TEXT NOT NULL REFERENCES "user" (id),
    name               TEXT NOT NULL,
    host               TEXT NOT NULL UNIQUE,
    template           TEXT NOT NULL,
    revision           BIGINT NOT NULL,
    workspace_id       TEXT REFERENCES workspace (id) ON DELETE SET NULL,
    engine             TEXT NOT NULL,
    ask_wake           BIGINT,
    ask_hibernate      BIGINT,
    ask_terminate      BIGINT,
    incarnation        BIGINT NOT NULL,
    asked_at           BIGINT NOT NULL,
    phase              TEXT NOT NULL,
    status             TEXT NOT NULL,
    look_at            BIGINT,
    created_at         BIGINT NOT NULL,
    last_active_at     BIGINT,
    last_active_source TEXT NOT NULL,
    search             TEXT NOT NULL,
    FOREIGN KEY (template, revision) REFERENCES template_revision (name, revision)
);
CREATE UNIQUE INDEX session_live_name ON session (user_id, name) WHERE phase <> 'gone';
CREATE INDEX session_user_created ON session (user_id, created_at, id);
CREATE INDEX session_created ON session (created_at, id);
CREATE INDEX session_workspace ON session (workspace_id) WHERE workspace_id IS NOT NULL;
CREATE INDEX session_look_at ON session (look_at, id) WHERE look_at IS NOT NULL;

CREATE TABLE volume (
    handle     TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    scope      TEXT NOT NULL,
    owner      TEXT NOT NULL,
    user_id    TEXT NOT NULL REFERENCES "user" (id),
    engine     TEXT NOT NULL,
    size       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX volume_owner ON volume (owner, created_at);
CREATE INDEX volume_removal ON volume (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE event (
    sequence     INTEGER PRIMARY KEY,
    at           BIGINT NOT NULL,
    class        TEXT NOT NULL,
    actor        TEXT NOT NULL,
    kind         TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject      TEXT NOT NULL,
    owner_id     TEXT NOT NULL,
    data         TEXT NOT NULL
);
CREATE INDEX event_subject ON event (subject, sequence);
CREATE INDEX event_class ON event (class, at);

CREATE TABLE idempotency (
    user_id    TEXT NOT NULL,
    route      TEXT NOT NULL,
    key        TEXT NOT NULL,
    body_hash  TEXT NOT NULL,
    status     BIGINT NOT NULL,
    body       TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, route, key)
);
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL
);
)sql";

}  // namespace berth::store::scripts
