/* lane — processors shared out among the workers, so that a worker and its cells stay close to each other.
 *
 * A call of an app goes back and forth between two processes many times; on one processor that costs a tenth of what it
 * costs to wake another one. So each worker and the cells it leases keep to a lane: every n-th processor.
 */
#ifndef BASE_LANE_H
#define BASE_LANE_H

/* From now on the calling process runs on lane number lane of lanes; on a machine with fewer processors than lanes, and
 * for lanes 0 or 1, anywhere. A call of one thread: threads started later inherit it. */
void lane_enter(unsigned lane, unsigned lanes);

#endif
