/* lane — processors shared out among the workers, so that a worker and its cells stay close to each other.
 *
 * A call of an app goes back and forth between two processes many times; on one processor that costs a tenth of what it
 * costs to wake another one. So each worker and the cells it leases keep to a lane: every n-th processor.
 */
#ifndef BASE_LANE_H
#define BASE_LANE_H

unsigned lane_count(void); /* how many there may be: the processors that the caller may use */
/* From now on the calling thread runs on lane number lane of lanes; on a machine with fewer processors than lanes, and
 * for lanes 0 or 1, anywhere. Threads it starts later inherit it. */
void lane_enter(unsigned lane, unsigned lanes);

#endif
