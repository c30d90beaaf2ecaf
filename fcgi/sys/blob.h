/* blob — answering a request with a file: one of storage.blob that the caller may read, or one of the app's own. */
#ifndef SYS_BLOB_H
#define SYS_BLOB_H

#include "kernel/req.h"

/* Both complete an answer whose status and own headers are set. ERR_NOT_FOUND as for any row the caller may not read. */
int blob_answer(struct req *r, struct str name);
int file_answer(struct req *r, struct str path); /* "private/report.pdf" of the cartridge */

/* All of a file that the caller may read, of whatever size b takes, appended to it. ERR_NOT_FOUND. */
int blob_bytes(struct req *r, bool as_app, struct str name, struct buf *b);

/* A stranger's uploads that the handler did not take are gone with the request. */
void blob_forget(struct req *r);

#endif
