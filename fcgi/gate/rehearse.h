/* rehearse — the tests of an upgrade on a copy of its app's rows, in a trial (kernel/upgrade calls it through upgrade_test). */
#ifndef GATE_REHEARSE_H
#define GATE_REHEARSE_H

#define REHEARSE_MS 120000                  /* for all tests together: a process waits */
#define REHEARSE_TEST 15000                 /* for one */
#define REHEARSE_ROWS 10000                 /* docs copied of each collection: the newest */
#define REHEARSE_FILE ((int64_t)MIB)        /* files copied: up to this size, which is what blob.get hands over, */
#define REHEARSE_FILES (64 * (int64_t)MIB)  /* and of all of them this much content */

/* From now on upgrades run their tests. For processes with one thread that have cells. */
void rehearse_install(void);

#endif
