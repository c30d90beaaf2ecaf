-- A value that is for one host goes into a header of requests to it, and never to the app's code. Part of what is sealed.
ALTER TABLE env ADD COLUMN host TEXT NOT NULL DEFAULT '';
