/* grant — the permissions of grant.def: what an app.json may ask for, and what each means to a person. */
#ifndef KERNEL_GRANT_H
#define KERNEL_GRANT_H

#include "base/arena.h"

enum risk {
	RISK_LOW,  /* given by consenting to the app */
	RISK_HIGH, /* given by name only */
};

struct grant_row {
	const char *name;
	const char *parameter; /* what follows the colon, as shown in messages; NULL: nothing does */
	enum risk risk;
	const char *sentence;  /* with %s where the parameter belongs */
};

/* The row of a permission as written in a manifest, or NULL. Only its name is looked at. */
const struct grant_row *grant_row(struct str permission);
/* What is wrong with a permission, as half a sentence that says what to write instead; NULL: nothing. */
const char *grant_problem(struct str permission, struct arena *a);
/* The same of HOST[:PORT], as net: has it. */
const char *grant_host_problem(struct str host);
/* What the permission lets an app do, in one sentence. For a permission without problems. */
const char *grant_sentence(struct str permission, struct arena *a);

#endif
