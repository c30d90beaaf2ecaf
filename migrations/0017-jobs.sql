-- What apps do by themselves: the jobs of the version of each app that serves.
CREATE TABLE jobs (
	app_id   TEXT NOT NULL,
	name     TEXT NOT NULL,
	schedule TEXT NOT NULL,
	zone     TEXT NOT NULL,     -- '' the owner's
	handler  TEXT NOT NULL,     -- api/….lua
	input    TEXT NOT NULL,     -- JSON
	overlap  INTEGER NOT NULL,  -- the words of store/job.h
	catchup  INTEGER NOT NULL,
	most     INTEGER NOT NULL,  -- firings that are made up for, or wait
	delay    INTEGER NOT NULL,  -- ms behind its moment it begins, so that not all begin at once
	held     TEXT NOT NULL,     -- why it does not fire, or ''
	next     INTEGER NOT NULL,  -- the moment it fires for
	due      INTEGER,           -- when somebody looks at it. NULL: when it is let go
	last     INTEGER NOT NULL,  -- the moment it fired for last; 0 never
	run      TEXT NOT NULL,     -- the run of that, or ''
	missed   INTEGER NOT NULL,  -- firings that were left out, ever
	PRIMARY KEY (app_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_due ON jobs (due) WHERE due IS NOT NULL;
CREATE INDEX jobs_run ON jobs (run) WHERE run <> '';

-- What came of each moment: a run, or why there was none. Those left out one after the other for one reason are one row.
CREATE TABLE firings (
	id     TEXT NOT NULL PRIMARY KEY,
	app_id TEXT NOT NULL,
	job    TEXT NOT NULL,
	due    INTEGER NOT NULL,    -- the moment, the first of several
	until  INTEGER NOT NULL,    -- the last of them
	times  INTEGER NOT NULL,
	at     INTEGER NOT NULL,    -- when that was decided
	run_id TEXT NOT NULL,       -- '' none
	reason TEXT NOT NULL        -- why not, or why by itself; ''
) STRICT;
CREATE INDEX firings_job ON firings (app_id, job, id);

-- A run that a job started, and the moment it is for.
ALTER TABLE runs ADD COLUMN job TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN moment INTEGER NOT NULL DEFAULT 0;
