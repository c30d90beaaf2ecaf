-- Notifications, as ntfy has them: topics, what was sent to them, and who may read and write them.
CREATE TABLE topics (
	name    TEXT NOT NULL PRIMARY KEY,  -- [-_A-Za-z0-9]{1,64}
	app_id  TEXT NOT NULL,              -- whose it is; '' the owner's and the kernel's
	label   TEXT NOT NULL,              -- what the app calls it; '' its only one
	created INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX topics_app ON topics (app_id, label) WHERE app_id <> '';
INSERT INTO topics (name, app_id, label, created) VALUES ('fazt', '', '', 0);

-- Ordered by (due, seq): whoever has seen one gets all that become visible later.
CREATE TABLE messages (
	seq          INTEGER NOT NULL PRIMARY KEY,
	id           TEXT NOT NULL UNIQUE,  -- 12 characters
	topic        TEXT NOT NULL,
	due          INTEGER NOT NULL,      -- from then on it is delivered
	expires      INTEGER NOT NULL,
	title        TEXT NOT NULL,
	message      TEXT NOT NULL,
	priority     INTEGER NOT NULL,      -- 1 to 5; 0 not given
	tags         TEXT NOT NULL,         -- with commas between them
	rest         TEXT NOT NULL,         -- a JSON object: click, icon, actions, attachment, content_type, encoding
	file         TEXT NOT NULL,         -- the attachment's address; '' none is here
	file_name    TEXT NOT NULL,
	file_type    TEXT NOT NULL,
	file_size    INTEGER NOT NULL,
	file_expires INTEGER NOT NULL,
	object       BLOB                   -- its content, until it expires
) STRICT;
CREATE INDEX messages_topic ON messages (topic, due, seq);
CREATE INDEX messages_expires ON messages (expires);
CREATE INDEX messages_file ON messages (file) WHERE file <> '';
CREATE INDEX messages_file_expires ON messages (file_expires) WHERE object IS NOT NULL;

-- Only the hash of a token is kept.
CREATE TABLE topic_tokens (
	hash    BLOB NOT NULL PRIMARY KEY,
	name    TEXT NOT NULL UNIQUE,
	created INTEGER NOT NULL,
	seen    INTEGER NOT NULL            -- the last use, to the hour; 0 never
) STRICT, WITHOUT ROWID;

-- topic '*' is every one; may: 1 read, 2 write.
CREATE TABLE topic_access (
	token TEXT NOT NULL,
	topic TEXT NOT NULL,
	may   INTEGER NOT NULL,
	PRIMARY KEY (token, topic)
) STRICT, WITHOUT ROWID;

-- What apps (by id) and tokens (token:NAME) sent on a day.
CREATE TABLE messages_sent (
	sender TEXT NOT NULL PRIMARY KEY,
	day    INTEGER NOT NULL,            -- since 1970, UTC
	n      INTEGER NOT NULL
) STRICT;
