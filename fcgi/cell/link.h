/* link — the cell's ends of the pipes, and all memory outside the heap that a request touches.
 *
 * Four fixed buffers are mapped once: frames in, frames out, the request being served, and scratch text. Nothing
 * grows, and link_wipe() leaves no byte of one request to the next. When the worker is gone the process exits.
 */
#ifndef CELL_LINK_H
#define CELL_LINK_H

#include "wire/frame.h"

#define LINK_BODY_MAX (8 * MIB) /* of a response */
#define LINK_PIECE MIB          /* of it, in one frame */

void link_init(void); /* maps the buffers; in the zygote, once */
void link_open(int in_fd, int out_fd);

/* The next frame; its payload is valid until the one after it. Exits on anything that is not a frame. */
struct frame link_receive(void);
/* A frame is put together in the buffer that link_begin returns, and leaves at link_send. False when it does not
 * fit in a frame: then nothing was sent. */
struct buf *link_begin(enum frame_type type, unsigned flags, unsigned code);
bool link_send(void);
/* A line of the app's log; what the worker would drop anyway is not sent. */
void link_log(unsigned level, struct str line);

/* The payload, kept until link_wipe. */
struct str link_keep(struct str payload);

/* Scratch: text is appended, and dropped again down to a length it had before. Bounded: look at full. Nobody keeps
 * anything in it while code of the app runs, so whoever begins after that may drop all of it. */
extern struct buf link_text;
void link_text_drop(size_t len);

/* A CALL was sent and its REPLY has not arrived. */
bool link_waiting(void);
void link_wipe(void);

#endif
