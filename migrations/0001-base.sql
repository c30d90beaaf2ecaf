-- What every later migration stands on. Text ids, moments in milliseconds since 1970, no meaning in rowids.

CREATE TABLE migrations (
	number  INTEGER PRIMARY KEY,
	name    TEXT NOT NULL,
	hash    TEXT NOT NULL,      -- BLAKE2b of the text that ran
	applied INTEGER NOT NULL
) STRICT;

-- The node itself: epoch (number), secret (bytes).
CREATE TABLE meta (
	name   TEXT NOT NULL PRIMARY KEY,
	number INTEGER NOT NULL DEFAULT 0,
	bytes  BLOB
) STRICT;
INSERT INTO meta (name, number) VALUES ('epoch', 1);

CREATE TABLE settings (
	key   TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
) STRICT;

CREATE TABLE audit (
	id     TEXT NOT NULL PRIMARY KEY,
	at     INTEGER NOT NULL,
	actor  TEXT NOT NULL,       -- a user id, 'app', 'shell', or '' for nobody
	app_id TEXT NOT NULL,       -- '' where no app is concerned
	action TEXT NOT NULL,       -- app.consent, user.role …
	target TEXT NOT NULL,
	result TEXT NOT NULL,       -- ok, or the code of an error
	detail TEXT NOT NULL        -- JSON
) STRICT;
CREATE INDEX audit_app ON audit (app_id, id);

-- Tenant tables: reachable through store/scope only.

-- owner and parent are '' where there is none, because a NULL would silently fall out of every comparison. k1…k4 and
-- u1, u2 are slots for declared indexes, filled with the bytes of store/key.
CREATE TABLE docs (
	app_id     TEXT NOT NULL,
	collection TEXT NOT NULL,
	id         TEXT NOT NULL,
	owner      TEXT NOT NULL,
	parent     TEXT NOT NULL,
	created    INTEGER NOT NULL,
	updated    INTEGER NOT NULL,
	rev        INTEGER NOT NULL,
	k1 BLOB, k2 BLOB, k3 BLOB, k4 BLOB,
	u1 BLOB, u2 BLOB,
	body       TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX docs_id ON docs (app_id, collection, id);
CREATE INDEX docs_owner ON docs (app_id, collection, owner, id);
CREATE INDEX docs_parent ON docs (app_id, parent, collection, id) WHERE parent <> '';
CREATE INDEX docs_k1 ON docs (app_id, collection, k1, id) WHERE k1 IS NOT NULL;
CREATE INDEX docs_k2 ON docs (app_id, collection, k2, id) WHERE k2 IS NOT NULL;
CREATE INDEX docs_k3 ON docs (app_id, collection, k3, id) WHERE k3 IS NOT NULL;
CREATE INDEX docs_k4 ON docs (app_id, collection, k4, id) WHERE k4 IS NOT NULL;
CREATE UNIQUE INDEX docs_u1 ON docs (app_id, collection, u1) WHERE u1 IS NOT NULL;
CREATE UNIQUE INDEX docs_u2 ON docs (app_id, collection, u2) WHERE u2 IS NOT NULL;

CREATE TABLE shares (
	app_id     TEXT NOT NULL,
	collection TEXT NOT NULL,
	id         TEXT NOT NULL,
	who        TEXT NOT NULL,       -- a public id, 'members' or 'anyone'
	level      INTEGER NOT NULL     -- 1 read, 2 add below it, 3 change
) STRICT;
CREATE UNIQUE INDEX shares_id ON shares (app_id, collection, id, who);
CREATE INDEX shares_who ON shares (app_id, collection, who, id);

-- owner '' is the app: its own keys and those of declared collections.
CREATE TABLE kv (
	app_id  TEXT NOT NULL,
	owner   TEXT NOT NULL,
	key     TEXT NOT NULL,
	value   TEXT NOT NULL,
	expires INTEGER NOT NULL    -- 0: never
) STRICT;
CREATE UNIQUE INDEX kv_key ON kv (app_id, owner, key);
CREATE INDEX kv_expires ON kv (app_id, expires) WHERE expires > 0;

-- What an app stores, kept in the transaction that changes it.
CREATE TABLE usage (
	app_id TEXT NOT NULL PRIMARY KEY,
	bytes  INTEGER NOT NULL,
	rows   INTEGER NOT NULL
) STRICT;

-- Which declared index lives in which slot. usable is 0 until the rows that were there before are filled in.
CREATE TABLE slots (
	app_id     TEXT NOT NULL,
	collection TEXT NOT NULL,
	slot       TEXT NOT NULL,       -- k1 … k4, u1, u2
	spec       TEXT NOT NULL,       -- fields as declared, "tag,-created"
	by_owner   INTEGER NOT NULL,    -- the owner stands before the fields
	usable     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX slots_slot ON slots (app_id, collection, slot);
