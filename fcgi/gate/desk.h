/* desk — the owner's page of settings: the table store/setting.def as forms, complete without a script.
 *
 * GET and POST os.DOMAIN/_fazt/settings. What a form asks for is done by the operations of op.def (setting set, setting
 * reset, mail test, notice test), so who may, what is refused and what the audit says is the same as anywhere. A form that was
 * refused comes back with what was typed and the reason beside it; one that was taken answers 303, so a reload repeats nothing.
 * A secret is never written into the page, the one that was just typed neither.
 */
#ifndef GATE_DESK_H
#define GATE_DESK_H

#include "kernel/req.h"

int desk_http(struct req *r);

#endif
