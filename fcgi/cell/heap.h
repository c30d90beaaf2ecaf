/* heap — all memory of one Lua state: one region, its own allocator, and a snapshot to go back to.
 *
 *     struct heap *h = heap_new();                    // address space for the largest heap there is
 *     lua_State *L = lua_newstate(heap_alloc, h);
 *     heap_limit(h, 16 * MIB);                        // the memory cap; before the process is confined
 *     … load the app …
 *     heap_snapshot(h);                               // this is what every request begins with
 *     … run a request …
 *     heap_restore(h);                                // byte for byte the snapshot again, the rest is zero
 *
 * The region begins with the allocator's own bookkeeping, so whatever puts the bytes back puts the allocator
 * back too. The snapshot lies in a memfd that is mapped privately and read-only over the region: the first
 * write to a page faults, the page is noted and stays writable from then on, and only noted pages are copied
 * back. A *system call* must not write into the region: it would get EFAULT instead of faulting. There is one
 * heap in a process.
 */
#ifndef CELL_HEAP_H
#define CELL_HEAP_H

#include "base/base.h"

#define HEAP_MIN (1 * MIB)
#define HEAP_DEFAULT (16 * MIB)
#define HEAP_MAX (64 * MIB)

struct heap;

/* In the zygote, once. Dies when there is no address space. */
struct heap *heap_new(void);
/* The cap, in bytes (brought into HEAP_MIN…HEAP_MAX; 0: HEAP_DEFAULT), and the file for the snapshot. Once, in the cell. */
void heap_limit(struct heap *h, size_t bytes);
/* A lua_Alloc; NULL when the cap is reached. Shrinking never fails. */
void *heap_alloc(void *h, void *p, size_t old, size_t size);

/* Both outside any call into Lua. */
void heap_snapshot(struct heap *h);
void heap_restore(struct heap *h);

size_t heap_size(const struct heap *h);  /* the cap */
size_t heap_used(const struct heap *h);  /* bytes of the region ever touched since the snapshot or the start */
size_t heap_dirty(const struct heap *h); /* bytes that a restore copies */

/* Zero n bytes at p, which begins a page: a little is overwritten, a lot is given back to the system. */
void heap_wipe(void *p, size_t n);

#endif
