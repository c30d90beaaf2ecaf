-- Accounts, what they may do where, and everything a browser or a link can prove.
-- Secrets (session tokens, codes) are stored as BLAKE2b hashes only.

CREATE TABLE users (
	id       TEXT PRIMARY KEY,
	name     TEXT NOT NULL COLLATE NOCASE UNIQUE, -- a name or an e-mail address
	role     INTEGER NOT NULL,                    -- enum role: 1 member, 2 admin, 3 owner
	password TEXT,                                -- Argon2id; NULL until the invite is taken
	ver      INTEGER NOT NULL,                    -- token epoch: raising it ends every bearer token
	created  INTEGER NOT NULL,
	seen     INTEGER                              -- the last sign-in
) STRICT;
CREATE UNIQUE INDEX users_owner ON users (role) WHERE role = 3;

-- Deviations from the rule "every account is a member of every app whose visibility is not owner".
CREATE TABLE app_members (
	app_id  TEXT NOT NULL,
	user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	role    INTEGER NOT NULL,                     -- enum role: 0 nobody there, 1 member, 2 admin
	PRIMARY KEY (app_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX app_members_user ON app_members (user_id);

CREATE TABLE sessions (
	hash    BLOB PRIMARY KEY,
	user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	app_id  TEXT NOT NULL,                        -- '' for the dashboard's host
	parent  BLOB,                                 -- the dashboard's session an app's one was handed over from
	created INTEGER NOT NULL,
	seen    INTEGER NOT NULL,
	expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_parent ON sessions (parent) WHERE parent IS NOT NULL;
CREATE INDEX sessions_expires ON sessions (expires);

-- What a link can do once.
CREATE TABLE codes (
	hash      BLOB PRIMARY KEY,
	kind      INTEGER NOT NULL,                   -- enum code_kind
	user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	app_id    TEXT NOT NULL,                      -- '' except for a hand-over
	session   BLOB,                               -- hand-over: the dashboard's session
	challenge BLOB,                               -- hand-over: hash of the browser's nonce
	next      TEXT,                               -- hand-over: the path to go on to
	expires   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_user ON codes (user_id, kind);
CREATE INDEX codes_expires ON codes (expires);

-- Failed sign-ins by client, name and device; keys are MACs, so the table names nobody.
CREATE TABLE throttle (
	key   BLOB PRIMARY KEY,
	count INTEGER NOT NULL,
	seen  INTEGER NOT NULL,
	until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX throttle_seen ON throttle (seen);
