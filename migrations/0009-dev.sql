-- Apps in development, and what was pushed of a package that is not complete yet.

-- A row counts until its lease ends; whoever develops the app renews it.
CREATE TABLE dev (
	app_id  TEXT NOT NULL PRIMARY KEY,
	until   INTEGER NOT NULL,
	problem TEXT NOT NULL       -- what is wrong with the last save, '' nothing
) STRICT;

-- Pieces of files, under the hash of the whole file, until a push needs them.
CREATE TABLE pieces (
	object BLOB NOT NULL,
	at     INTEGER NOT NULL,    -- where in the file
	bytes  BLOB NOT NULL,
	pushed INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX pieces_object ON pieces (object, at);
