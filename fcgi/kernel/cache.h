/* cache — files of cache/ in the home: copies of objects, under their hash, for nginx to send.
 *
 * It may be deleted at any time. It holds at most the setting cache.bytes; what is there too much is removed, the
 * longest unused first, but nothing that was asked for within the last minute, since nginx may just be about to open
 * it. A file is written aside and renamed when it is whole; who comes meanwhile waits for it, unless too many do.
 *
 * What was deleted leaves the cache as well: cache_sweep, from time to time, removes copies of objects that are gone. Whoever was
 * sent there just before may still find it.
 *
 * A file's time is made from its hash: nginx makes its ETag of time and size, so that the same content has the same one
 * whoever sends it, and other content another.
 */
#ifndef KERNEL_CACHE_H
#define KERNEL_CACHE_H

#include "kernel/req.h"
#include "store/object.h"

#define CACHE_SWEPT 1000

const char *cache_name(const struct object *o, struct arena *a);
const char *cache_etag(const struct object *o, struct arena *a); /* with its quotes */
/* It is there, whole. False: there is no room for it, the disk says no, or too much is being copied at this moment. */
bool cache_keep(struct req *r, const struct object *o);
/* Look at the next CACHE_SWEPT files, and begin again behind the last one. For one thread of one worker. */
void cache_sweep(struct node *n, struct db *db);

#endif
