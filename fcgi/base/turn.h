/* turn — who gets the processor first.
 *
 * A request passes between nginx, a worker and a cell. By default whoever is woken interrupts the one who woke it; working in
 * order instead halves the switches between them under load, and changes nothing when a processor is free. But beside an
 * app that keeps the processors busy, another one's request would wait at each of its steps until somebody's time is up, and that is
 * milliseconds: there whoever serves it goes first, and whoever works for the busy one lets everybody interrupt.
 *
 * It is about when, not about how much: nobody gets less of a processor than before but in TURN_LAST.
 */
#ifndef BASE_TURN_H
#define BASE_TURN_H

#include <sys/types.h>

enum turn {
	TURN_IN_ORDER, /* interrupts nobody */
	TURN_AT_ONCE,  /* interrupts everybody, and asks for next to nothing */
	TURN_FIRST,    /* interrupts others, and asks for little at a time */
	TURN_LATER,    /* interrupts nobody, and others need not wait until its time is up (Linux 6.12) */
	TURN_LAST,     /* when nobody else wants to; the way back needs a privilege */
};

/* For a thread or process; pid 0: the calling thread, and what it starts later. That it may not do so is no error. */
void turn_take(pid_t pid, enum turn t);

#endif
