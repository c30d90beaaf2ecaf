/* page — the kernel's own small pages: sign-in, invites, messages, errors.
 *
 * Written by the server, complete without a script, with a policy that admits nothing but the kernel's own style
 * sheet, script and icon (/_fazt/kernel.css, kernel.js, client.js, icon.svg). Text enters a page only through page_add, which
 * escapes it.
 *
 *     struct buf b = BUF_INIT;
 *     page_add(&b, "<p>Hello <b>{}</b></p>", name);
 *     page_send(r, 200, "Hello", &b);
 */
#ifndef KERNEL_PAGE_H
#define KERNEL_PAGE_H

#include "kernel/req.h"

/* Append html, in which each {} stands for the next argument, a const char* (NULL is empty), escaped for text and
 * quoted attributes. */
void page_add(struct buf *b, const char *html, ...);

/* Answer with a page: the frame around body, which is released, and the headers below. */
void page_send(struct req *r, int status, const char *title, struct buf *body);
/* The same in the frame of the dashboard, at its host: its sheet, and where scripts run its navigation. */
void page_send_desk(struct req *r, int status, const char *title, struct buf *body);
/* The page of an error, for browsers; message is for the person. */
void page_error(struct req *r, int err, const char *message);

/* What every answer of the kernel itself carries: not sniffed, framed, stored, or kept as a referrer. */
void page_headers(struct req *r);

/* A file that pages need, by its name behind /_fazt/; false: there is none. */
bool page_file(struct req *r, struct str name);

#endif
