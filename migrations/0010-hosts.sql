-- Hosts besides NAME.DOMAIN that an app answers at: domains of the owner's own.
CREATE TABLE hosts (
	host    TEXT NOT NULL PRIMARY KEY,  -- lower case, without port
	app_id  TEXT NOT NULL,
	created INTEGER NOT NULL
) STRICT;
CREATE INDEX hosts_app ON hosts (app_id);
