/* intake — bytes of a client on their way into an upload (store/upload), a chunk at a time.
 *
 *     struct intake in;
 *     if ((err = intake_open(&in, r)) …               one of few at once in a worker (kernel/threads.h): ERR_UNAVAILABLE; before anything is read
 *     err = intake_begin(&in, name, type);            or intake_resume(&in, &upload)
 *     err = intake_add(&in, p, n);
 *     err = intake_end(&in, true);                    in.u is the finished upload; false: there is more to come later
 *     intake_close(&in);
 */
#ifndef SYS_INTAKE_H
#define SYS_INTAKE_H

#include "kernel/req.h"
#include "store/upload.h"

struct intake {
	struct req *r;
	struct scope scope;
	struct upload u;
	char *window; /* of CHUNK_BYTES */
	size_t n;     /* bytes of the chunk under way, saved ones included */
	bool there;   /* the upload has its row */
	int place;
};

int intake_open(struct intake *in, struct req *r);
int intake_begin(struct intake *in, struct str name, struct str type); /* names are copied into the request's arena */
int intake_resume(struct intake *in, const struct upload *u);
int intake_add(struct intake *in, const char *p, size_t n);
int intake_end(struct intake *in, bool last);
void intake_drop(struct intake *in, const struct upload *u); /* quietly */
void intake_close(struct intake *in);

#endif
