/* mock — the rest of the Internet as an app's own tests say it answers: in a trial, in the place of the process that fetches.
 *
 * What is asked is written down, answered or not. Which hosts an app may reach is decided as everywhere. An answer that redirects is
 * not followed.
 */
#ifndef KERNEL_MOCK_H
#define KERNEL_MOCK_H

#include "base/out.h"
#include "kernel/fetch.h"

/* From now on other servers answer so: {"GET https://…": [{"status","headers","body"} or {"fails": CODE}, …], …}. One that is asked
 * oftener than it has answers says its last again; an address without a ? answers for all queries it has no own answers for. */
void mock_answers(struct node *n, struct str json);
/* A list of {method, url, headers, body, answered}, in order. */
void mock_sent(const struct node *n, struct out *o);
void mock_forget(struct node *n);

extern const struct fetch_client mock_client;

#endif
