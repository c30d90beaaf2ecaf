/* decide — what waits for the owner's answer, and what apps are told of it. */
#ifndef SYS_DECIDE_H
#define SYS_DECIDE_H

#include "store/apps.h"
#include "store/decision.h"
#include "sys/sys.h"

#define REASON_MAX 500 /* bytes of what an app says */

/* {approved, by, note} as members, and the answer under this name. */
void write_answer(struct out *o, const struct decision *d, const char *name);
bool decision_yes(const struct decision *d);
const char *decision_by(const struct req *r); /* whoever answers */
bool decide_shows(struct str json);           /* all of it, to the owner */

/* ---- packages (sys/candidate) ---- */

/* A process of its own looks into what an app proposes. ERR_UNAVAILABLE: enough of them do already. */
int candidate_look(struct req *r, const char *id);
bool candidate_lost(const struct candidate *c); /* whoever looked into it is gone */
/* What it is and asks for, as members. ERR_* of a package that cannot be read. */
int write_package(struct req *r, struct db *db, struct out *o, const struct candidate *c);
/* "changes": what it changes, file by file. */
int write_changes(struct req *r, struct db *db, struct out *o, const struct candidate *c);
/* What is in it was seen, or the owner says that it was not (unseen). Else ERR_BAD_REQUEST, which names what was not. */
int changes_seen(struct req *r, struct db *db, const struct candidate *c, const struct arg *unseen);
/* The word of the owner, with the permissions named in grant (JSON). */
int candidate_consent(struct req *r, struct str id, struct str hash, const struct arg *grant, struct str note, struct out *o);

#endif
