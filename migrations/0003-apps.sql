-- Installed apps, the code of their versions, and what is on its way to become one.

-- A package is a set of files under the hash of all of them: what was looked at is what is installed.
CREATE TABLE packages (
	hash    TEXT NOT NULL PRIMARY KEY,
	nfiles  INTEGER NOT NULL,
	bytes   INTEGER NOT NULL,
	created INTEGER NOT NULL
) STRICT;

CREATE TABLE files (
	package TEXT NOT NULL,
	path    TEXT NOT NULL,
	object  BLOB NOT NULL,
	size    INTEGER NOT NULL,
	PRIMARY KEY (package, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX files_object ON files (object);

-- Content under its BLAKE2b hash, once, in chunks of at most 1 MiB.
CREATE TABLE objects (
	hash BLOB NOT NULL PRIMARY KEY,
	size INTEGER NOT NULL
) STRICT;

CREATE TABLE chunks (
	object BLOB NOT NULL,
	seq    INTEGER NOT NULL,
	bytes  BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX chunks_object ON chunks (object, seq);

-- The id is random and never used again; the name is only an address. A removed app keeps its row: while it is young its
-- name may only return from the same origin, and with its data unless that was purged.
CREATE TABLE apps (
	id      TEXT NOT NULL PRIMARY KEY,
	name    TEXT NOT NULL,
	title   TEXT NOT NULL,
	source  TEXT NOT NULL,      -- as it was given; an upgrade asks there
	origin  TEXT NOT NULL,      -- what makes two sources the same: repository and folder
	state   TEXT NOT NULL CHECK (state IN ('enabled', 'disabled', 'removed')),
	version INTEGER NOT NULL,   -- the one that serves
	rev     INTEGER NOT NULL,   -- counts every change of what the kernel knows about it
	purged  INTEGER NOT NULL,
	created INTEGER NOT NULL,
	changed INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX apps_name ON apps (name) WHERE state <> 'removed';
CREATE INDEX apps_removed ON apps (name, changed) WHERE state = 'removed';

CREATE TABLE versions (
	app_id    TEXT NOT NULL,
	version   INTEGER NOT NULL,
	package   TEXT NOT NULL,
	commit_id TEXT NOT NULL,    -- of the repository, '' where there is none
	installed INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX versions_app ON versions (app_id, version);
CREATE INDEX versions_package ON versions (package);

CREATE TABLE grants (
	app_id     TEXT NOT NULL,
	permission TEXT NOT NULL,
	granted    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX grants_app ON grants (app_id, permission);

CREATE TABLE candidates (
	id        TEXT NOT NULL PRIMARY KEY,
	state     TEXT NOT NULL CHECK (state IN ('fetching', 'ready', 'failed', 'installed')),
	progress  TEXT NOT NULL,
	source    TEXT NOT NULL,
	origin    TEXT NOT NULL,
	local     INTEGER NOT NULL,     -- asked for in the owner's shell: paths of this machine are sources too
	name      TEXT NOT NULL,        -- '' the manifest's own
	for_app   TEXT NOT NULL,        -- the id of the app it is to be an upgrade of, or ''
	package   TEXT NOT NULL,
	commit_id TEXT NOT NULL,
	reason    TEXT NOT NULL,        -- why an upgrade waits for the owner
	code      TEXT NOT NULL,        -- of the error, when failed
	error     TEXT NOT NULL,
	created   INTEGER NOT NULL,
	changed   INTEGER NOT NULL
) STRICT;
CREATE INDEX candidates_package ON candidates (package);
