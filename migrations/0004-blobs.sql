-- Files that people keep in apps, what arrived and belongs to nobody yet, and content that is counted by whoever refers to it.

-- chunks.object is the key of a body. For what was stored whole that is its hash; what came in pieces got its key before
-- anyone knew its hash.
ALTER TABLE objects ADD COLUMN body BLOB NOT NULL DEFAULT x'';
ALTER TABLE objects ADD COLUMN refs INTEGER NOT NULL DEFAULT 0;   -- files, blobs and finished uploads
UPDATE objects SET body = hash, refs = (SELECT count(*) FROM files WHERE files.object = objects.hash);
CREATE INDEX objects_free ON objects (refs) WHERE refs <= 0;

-- Bodies that nobody refers to any more; their chunks go a few at a time.
CREATE TABLE garbage (
	body BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Tenant tables: reachable through store/scope only.

-- collection '' is what no manifest declares: private to its owner. space is the owner where names are each person's own, ''
-- where they are the app's.
CREATE TABLE blobs (
	app_id     TEXT NOT NULL,
	collection TEXT NOT NULL,
	id         TEXT NOT NULL,
	owner      TEXT NOT NULL,
	parent     TEXT NOT NULL,
	space      TEXT NOT NULL,
	name       TEXT NOT NULL,
	type       TEXT NOT NULL,
	size       INTEGER NOT NULL,
	object     BLOB NOT NULL,
	created    INTEGER NOT NULL,
	updated    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX blobs_id ON blobs (app_id, id);
CREATE UNIQUE INDEX blobs_space ON blobs (app_id, collection, space, name);
CREATE INDEX blobs_name ON blobs (app_id, collection, name);
CREATE INDEX blobs_owner ON blobs (app_id, collection, owner, name);
CREATE INDEX blobs_parent ON blobs (app_id, parent) WHERE parent <> '';
CREATE INDEX blobs_object ON blobs (object, app_id);

-- owner is a person, '' for the app, or '!' and a request: a stranger's is that request's alone.
CREATE TABLE uploads (
	app_id   TEXT NOT NULL,
	id       TEXT NOT NULL,
	owner    TEXT NOT NULL,
	name     TEXT NOT NULL,
	type     TEXT NOT NULL,
	length   INTEGER NOT NULL,      -- as declared; -1: it ends when the sender says so
	received INTEGER NOT NULL,
	body     BLOB NOT NULL,
	hashing  BLOB NOT NULL,         -- the hash of what was received, to go on with
	object   BLOB,                  -- when it is finished
	created  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX uploads_id ON uploads (app_id, id);
CREATE INDEX uploads_owner ON uploads (app_id, owner);
CREATE INDEX uploads_created ON uploads (app_id, created);
CREATE INDEX uploads_object ON uploads (object, app_id) WHERE object IS NOT NULL;

-- files: bytes of blobs and uploads.
ALTER TABLE usage ADD COLUMN files INTEGER NOT NULL DEFAULT 0;
