-- What came of trying a candidate's routes as several people: JSON (gate/probe.h), shown before consent; '' not tried.
ALTER TABLE candidates ADD COLUMN trial TEXT NOT NULL DEFAULT '';
