-- Which browser a session is in, in the browser's own words: for its person, who ends those that are not theirs.
ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
