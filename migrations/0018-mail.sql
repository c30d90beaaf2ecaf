-- Where people get mail; '' their name, when that is an address.
ALTER TABLE users ADD COLUMN mail TEXT NOT NULL DEFAULT '';
