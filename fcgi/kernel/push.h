/* push — a package that comes in pieces: the inner loop of whoever writes an app, on this machine or another.
 *
 *     files    path → hash of every file of the package       what it is to be
 *     pieces   hash, offset → bytes                           what the other side may not have yet
 *
 * A push names all files; what is missing of them is answered, sent in pushes that only carry pieces, and the naming is
 * tried again. Nothing serves before the whole package passed the checks that every other one passes
 * (kernel/package), so a push that is given up in the middle leaves pieces, which are bounded and reaped.
 */
#ifndef KERNEL_PUSH_H
#define KERNEL_PUSH_H

#include "kernel/install.h"
#include "store/dev.h"

struct push_file {
	struct str path;
	unsigned char hash[HASH_LEN];
};

struct push_piece {
	unsigned char hash[HASH_LEN];
	int64_t at;
	struct str bytes;
};

struct push {
	int nfiles;
	struct push_file *file;
	int npieces;
	struct push_piece *piece;
	/* what came of it */
	int nlacking;
	struct push_file *lacking; /* not there yet, in the arena; their pieces that came with this push are kept */
};

/* Keep the pieces; nothing is named yet. */
int push_pieces(struct node *n, const struct push *p, struct fault *f);
/* The whole: w is filled in as far as install_arrival asks for it. With p->nlacking nothing has changed. */
int push_package(struct node *n, struct push *p, struct arrival *w, struct arena *a, struct fault *f);

#endif
