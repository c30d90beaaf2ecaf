-- What the owner tells an app: values of the names in its manifest's `env`.
CREATE TABLE env (
	app_id  TEXT NOT NULL,
	name    TEXT NOT NULL,
	sealed  BLOB NOT NULL,      -- nonce, ciphertext and tag (store/env)
	changed INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX env_app ON env (app_id, name);

-- A permission about another app holds for the app that had the name when it was given.
ALTER TABLE grants ADD COLUMN about TEXT NOT NULL DEFAULT '';
