-- Content that the snapshot of an app's rows refers to: each is one of the references of its object. Goes with the snapshot.
CREATE TABLE held (
	app_id TEXT NOT NULL,
	object BLOB NOT NULL,
	PRIMARY KEY (app_id, object)
) STRICT, WITHOUT ROWID;
