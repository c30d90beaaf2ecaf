-- Durable runs: work that is written down as it goes, and goes on after whatever ended it.

-- A run is a handler, its input, whom it acts as, the code it began on, and its journal (steps).
CREATE TABLE runs (
	id        TEXT NOT NULL PRIMARY KEY,
	app_id    TEXT NOT NULL,
	version   INTEGER NOT NULL,
	principal TEXT NOT NULL,    -- a user id, 'app', or '' for a stranger
	parent    TEXT NOT NULL,    -- the run that started it, or ''
	handler   TEXT NOT NULL,    -- api/….lua; '' for a request that halted
	input     TEXT NOT NULL,    -- JSON
	request   BLOB,             -- what its cell is sent, time and seed included; from the first step on
	key       TEXT NOT NULL,    -- while one with this key is under way no other begins; '' none
	priority  INTEGER NOT NULL, -- 1 to 5
	retries   INTEGER NOT NULL,
	backoff   INTEGER NOT NULL, -- ms before the first retry; it doubles
	state     TEXT NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'held', 'done', 'failed', 'cancelled')),
	due       INTEGER,          -- when somebody looks at it: it begins, it wakes, or its worker is taken for dead. NULL: when it is woken
	claim     INTEGER NOT NULL, -- counts up with everyone who takes it: only the last one writes
	awaits    TEXT NOT NULL,    -- the run or the halt that it waits for, or ''
	attempt   INTEGER NOT NULL, -- failures since it last got anywhere
	steps     INTEGER NOT NULL,
	bytes     INTEGER NOT NULL, -- of input and journal, counted in the app's quota
	done      REAL NOT NULL,    -- what it says of its progress
	total     REAL NOT NULL,
	note      TEXT NOT NULL,
	result    TEXT NOT NULL,    -- JSON
	code      TEXT NOT NULL,    -- of the last error, or ''
	error     TEXT NOT NULL,
	created   INTEGER NOT NULL,
	ended     INTEGER NOT NULL  -- 0: it is under way
) STRICT;
CREATE INDEX runs_due ON runs (priority, due, app_id) WHERE due IS NOT NULL;
CREATE INDEX runs_app ON runs (app_id, ended, id);
CREATE INDEX runs_awaits ON runs (awaits) WHERE awaits <> '';
CREATE INDEX runs_parent ON runs (parent) WHERE parent <> '';
CREATE UNIQUE INDEX runs_key ON runs (app_id, principal, key) WHERE key <> '' AND ended = 0;

CREATE TABLE steps (
	run_id TEXT NOT NULL,
	seq    INTEGER NOT NULL,
	name   TEXT NOT NULL,
	args   BLOB NOT NULL,       -- hash of the arguments
	shown  TEXT NOT NULL,       -- the beginning of them
	began  INTEGER NOT NULL,
	ended  INTEGER NOT NULL,    -- 0: it waits
	code   TEXT NOT NULL,       -- of an error, or ''
	result BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX steps_run ON steps (run_id, seq);

-- Signals that no wait has taken yet.
CREATE TABLE events (
	id     TEXT NOT NULL PRIMARY KEY,
	run_id TEXT NOT NULL,
	name   TEXT NOT NULL,
	data   TEXT NOT NULL,
	at     INTEGER NOT NULL
) STRICT;
CREATE INDEX events_run ON events (run_id, id);

-- Questions to the owner. Runs of an app that ask the very same wait for one answer.
CREATE TABLE halts (
	id      TEXT NOT NULL PRIMARY KEY,
	app_id  TEXT NOT NULL,
	version INTEGER NOT NULL,   -- the code that asks
	run_id  TEXT NOT NULL,      -- the first that asked
	reason  TEXT NOT NULL,
	data    TEXT NOT NULL,      -- JSON
	what    TEXT NOT NULL,      -- hash of app, version, reason and data
	asked   INTEGER NOT NULL,
	count   INTEGER NOT NULL,   -- runs that wait for the answer
	expires INTEGER,            -- NULL: never
	state   TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'expired', 'void')),
	by      TEXT NOT NULL,
	note    TEXT NOT NULL,
	answer  TEXT NOT NULL,      -- JSON: data as the owner wants it
	decided INTEGER NOT NULL
) STRICT;
CREATE INDEX halts_app ON halts (app_id, state, what);
CREATE INDEX halts_state ON halts (state, id);
