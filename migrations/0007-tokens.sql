-- What lets a program elsewhere run operations of this node. Only the hash of a token is kept.
CREATE TABLE tokens (
	hash    BLOB PRIMARY KEY,
	name    TEXT NOT NULL UNIQUE,
	app_id  TEXT NOT NULL,      -- the app it is for, '' every one
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	seen    INTEGER NOT NULL    -- the last use, to the minute; 0 never
) STRICT, WITHOUT ROWID;
