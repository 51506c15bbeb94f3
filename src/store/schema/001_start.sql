-- The vault itself: one row. `checksum` is SHA-256 and `mac` HMAC over slots and audit keys.
CREATE TABLE vault (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    vault_id    BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    checksum    BLOB    NOT NULL,
    mac         BLOB    NOT NULL
);

-- Each slot seals the same vault key under a master key of its own.
CREATE TABLE slot (
    ordinal INTEGER PRIMARY KEY,
    bytes   BLOB NOT NULL
);

-- The audit keys, sealed under the vault key; the last is in use.
CREATE TABLE audit_key (
    from_seq INTEGER PRIMARY KEY,
    iv       BLOB NOT NULL,
    sealed   BLOB NOT NULL
);

-- The end of the audit chain and the sum over all rows, written with every commit.
CREATE TABLE state (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    seq   INTEGER NOT NULL,
    head  BLOB    NOT NULL,
    sum   BLOB    NOT NULL,
    count INTEGER NOT NULL,
    agents BLOB   NOT NULL,
    mac   BLOB    NOT NULL
);

-- Secrets. `sealed` stands last so that a list never reads its overflow pages.
CREATE TABLE secret (
    key        INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL,
    org        TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    category   TEXT    NOT NULL,
    metadata   TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    rotated_at INTEGER,
    expires_at INTEGER,
    version_at INTEGER NOT NULL,
    version_by TEXT    NOT NULL,
    versions   BLOB    NOT NULL,
    digest     BLOB    NOT NULL,
    mac        BLOB    NOT NULL,
    sealed     BLOB    NOT NULL,
    UNIQUE (org, name)
);

-- Finds a secret by id, and covers what the writer asks of it before each change.
CREATE INDEX secret_state ON secret (id, revision, mac);

-- Older values of a secret.
CREATE TABLE version (
    secret     INTEGER NOT NULL REFERENCES secret (key) ON DELETE CASCADE,
    version    INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT    NOT NULL,
    sealed     BLOB    NOT NULL,
    PRIMARY KEY (secret, version)
);

-- Named callers, sealed whole; `state.agents` authenticates all of them together.
CREATE TABLE agent (
    name     TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    sealed   BLOB    NOT NULL
);

-- How many secrets each org has in each category, so that nobody has to count them.
CREATE TABLE tally (
    org      TEXT    NOT NULL,
    category TEXT    NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (org, category)
) WITHOUT ROWID;

-- Texts that the log repeats: names, actors, orgs, executables.
CREATE TABLE label (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
);

-- The audit log. Names, actors, orgs and executables are labels.
CREATE TABLE audit (
    seq      INTEGER PRIMARY KEY,
    id       BLOB    NOT NULL,
    at       INTEGER NOT NULL,
    org      INTEGER REFERENCES label (id),
    action   TEXT    NOT NULL,
    outcome  TEXT    NOT NULL,
    secret   BLOB,
    name     INTEGER REFERENCES label (id),
    actor    INTEGER NOT NULL REFERENCES label (id),
    uid      INTEGER,
    gid      INTEGER,
    pid      INTEGER,
    exe      INTEGER REFERENCES label (id),
    metadata TEXT    NOT NULL,
    mac      BLOB    NOT NULL
);

CREATE INDEX audit_name ON audit (name);
CREATE INDEX audit_actor ON audit (actor);
CREATE INDEX audit_action ON audit (action);
CREATE INDEX audit_secret ON audit (secret) WHERE secret IS NOT NULL;
