/* probe — tries every route of an app as several people, and tells what crossed a rule.
 *
 * In a trial with the app, and perhaps a copy of its rows: two people (anna and
 * ben), a stranger and the owner first use the app as it offers itself — its routes,
 * the links and forms of its pages — so that rows come to be; what it makes none of
 * is added. Every text in them can be told from all others (gate/marks). Then
 * everyone asks for everything, with the ids of everyone's rows:
 *
 *     read    an answer held text of a row that its rule does not let them read
 *     change  a row changed that its rule does not let them change
 *     get     a GET or HEAD changed a row, a share or a key
 *
 * It proves that something is wrong, never that nothing is: a route it does not
 * find, or does not get past the validation of, it has not tried.
 */
#ifndef GATE_PROBE_H
#define GATE_PROBE_H

#include "base/out.h"
#include "gate/trial.h"

struct probe_report {
	bool finished;      /* within the time */
	int routes;         /* that it knows of */
	int requests, failed; /* made; answered with 5xx */
	int findings;
	struct buf json;    /* all of it, see probe_run; the caller's to release */
};

/* Try the app of the trial for at most ms. report->json, an object:
 *   finished, routes, requests, failed   as above
 *   findings  [{ kind: read | change | get, route: "GET /notes/:id", callers: [anna | ben | a stranger | the owner],
 *               path, status of the first of them, collection and id, or key, of the row,
 *               owner: anna | ben | the owner | the app | somebody else, why: a sentence,
 *               as_app: the app spoke for itself in that request, times: how often the like was seen }]
 */
int probe_run(struct trial *t, int64_t ms, struct probe_report *report, struct fault *f);
/* Put the package, and the rows that `app` has, if it is not NULL, into a trial beside n, and try it. */
int probe_package(struct node *n, const struct package *p, const char *app_id, int64_t ms, struct probe_report *report, struct fault *f);

/* Let the installer try what it fetches, for ten seconds at most (its hook package_try). */
void probe_install(void);

#endif
