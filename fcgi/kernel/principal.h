/* principal — who a request acts as. Attached by kernel/identity, never sent by a cell. */
#ifndef KERNEL_PRINCIPAL_H
#define KERNEL_PRINCIPAL_H

#include "base/id.h"

enum principal_kind {
	WHO_IS_STRANGER, /* signed out, or on an open path */
	WHO_IS_USER,
	WHO_IS_APP,      /* the app's own jobs */
	WHO_IS_SHELL,    /* the owner in a shell on the node */
	WHO_IS_TOKEN,    /* a program elsewhere with a token of the node (store/token), which decides nothing for the owner */
};

enum via { VIA_NONE, VIA_COOKIE, VIA_BEARER, VIA_SHELL };

#define PUBLIC_ID_LEN 26 /* "u_" + base32: the id an app sees, different in every app */

struct principal {
	enum principal_kind kind;
	enum via via;
	char user_id[ID_LEN + 1];           /* the kernel's own id; never leaves it */
	char public_id[PUBLIC_ID_LEN + 1];  /* pairwise, for the app of this request; empty on os */
	char name[65];                      /* of the person, or of the token */
	char token_app[ID_LEN + 1];         /* WHO_IS_TOKEN: the app it is for; empty: every one */
	bool owner;  /* the owner of the node */
	bool admin;  /* an admin of this app (the owner is one everywhere) */
	unsigned char session[32]; /* hash of the session's token; VIA_COOKIE only */
};

#endif
