/* intake — an exported app (kernel/portable) becomes a candidate like any other, and then an app with its rows.
 *
 *     struct intake *i = intake_new(node);
 *     err = intake_look(i, read, arg, f);           // the whole stream once: is it one, and what does it bring?
 *     err = intake_candidate(i, name, id, f);       // its package, checked like one from a stranger, waits for consent
 *     i->read = read; i->arg = arg;                 // at its beginning again
 *     err = install_consent_with(…, intake_rows, i, …)
 *     intake_free(i);
 *
 * Both passes check everything: nobody says that the second sees the bytes of the first.
 */
#ifndef KERNEL_INTAKE_H
#define KERNEL_INTAKE_H

#include "kernel/install.h"
#include "kernel/portable.h"
#include "store/user.h"

#define INTAKE_PEOPLE 2000 /* that an export may name */

struct intake_person {
	char id[PUBLIC_ID_LEN + 1]; /* as the rows have it */
	const char *name;           /* where it was exported */
	char user[ID_LEN + 1];      /* the account it is here, or empty */
	const char *account;        /* its name, or NULL */
};

struct intake {
	struct node *node;
	struct arena *arena;
	struct package *package;
	const char *app; /* the name it had */
	char app_id[ID_LEN + 1];
	bool data;
	int64_t docs, shares, keys, files;
	int npeople;
	struct intake_person *person;
	bool to_owner;   /* docs and files of people who are nobody here become the owner's */
	int64_t unknown; /* after intake_rows: docs, shares, keys and files of people who are nobody here */
	portable_read_fn *read;
	void *arg;
	struct buf file; /* private from here */
	struct str path;
	int64_t left;
	bool content; /* chunks are of a file people keep, and the second pass's business */
	struct copy *copy;
	struct portable_people people;
	struct db *db;
	const char *to_id;
};

struct intake *intake_new(struct node *n);
void intake_free(struct intake *i);

/* Who the people of an export made by this very node are is known from their ids. */
int intake_look(struct intake *i, portable_read_fn *read, void *arg, struct fault *f);
/* This person of the export is that account here: ERR_NOT_FOUND, ERR_CONFLICT when two would become one. */
int intake_map(struct intake *i, struct str name, struct str account, struct fault *f);
/* All of those not known yet, to accounts of the same name where there are any. */
int intake_map_all(struct intake *i, struct fault *f);

/* id has room for ID_LEN + 1; hash for PACKAGE_HASH_LEN + 1. */
int intake_candidate(struct intake *i, struct str name, char *id, struct fault *f);
int intake_rows(void *intake, struct db *db, const char *app_id); /* an install_rows_fn */

#endif
