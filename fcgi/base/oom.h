/* oom — who is ended first when the machine has no memory left.
 *
 * Cells volunteer, and before the workers whoever only starts again or is asked for anew; the kernel's choice among the
 * others stays as whoever started them wants it (systemd: OOMScoreAdjust=).
 */
#ifndef BASE_OOM_H
#define BASE_OOM_H

#define OOM_FIRST 1000 /* cells */
#define OOM_SOON 500   /* the zygote, and what fetches packages */

void oom_volunteer(int score); /* this process, and those it starts */

#endif
