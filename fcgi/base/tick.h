/* tick — moments at which the processors choose anew who runs.
 *
 * Linux chooses when somebody is woken or goes to sleep, and otherwise at its own tick, which is every 4 ms on most servers. Who was
 * woken just after it had worked is not due for some microseconds more, so the processor goes to somebody else, be it a cell that
 * runs only when nobody else wants to, and that one keeps it until the tick. A thread on each processor that wakes
 * every millisecond and sleeps at once makes Linux choose as often. In a virtual machine that costs a twentieth of a processor, for the
 * timers more than for what is done, so it is for when somebody waits.
 */
#ifndef BASE_TICK_H
#define BASE_TICK_H

#include "base/base.h"

/* From here on, on each processor the caller may use, as long as needed() says so. Once per process. That no thread can be started is no
 * error: the kernel's own tick is there. */
void tick_start(bool (*needed)(void));
void tick_again(void); /* it is needed, perhaps after a while in which it was not */

#endif
