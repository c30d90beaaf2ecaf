/* fetch — the worker's side of a fetch: it talks to faztd fetch (wire/fetch.h) for kernel/fetch. */
#ifndef GATE_FETCH_H
#define GATE_FETCH_H

#include "kernel/node.h"

/* From now on this process can fetch for n: control is the socket of a fetcher, or FETCHER_OWN. */
void fetch_install(struct node *n, int control);

#endif
