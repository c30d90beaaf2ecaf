/* form — a form with files (multipart/form-data), taken apart before the app hears of it.
 *
 * Texts become r->form, as if they had been sent without files; each file becomes a finished upload, and r->files
 * tells the app which: { field: { name, type, size, upload } }, the last of several of one name, or a list where the
 * name ends in []. The request costs one chunk of memory, whatever it carries. When it is not well-formed, nothing of
 * it is kept.
 */
#ifndef GATE_FORM_H
#define GATE_FORM_H

#include "kernel/req.h"

bool form_is_multipart(const struct req *r);
int form_receive(struct req *r);

#endif
