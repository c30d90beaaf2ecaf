/* print — results for people: JSON from an operation as lines and tables on a terminal. */
#ifndef DOOR_PRINT_H
#define DOOR_PRINT_H

#include "base/buf.h"

/* An object with one text member prints that text alone; an object, one "key  value" line each; a list of objects, a
 * table. Control characters are shown, never sent to the terminal. */
void print_result(struct buf *b, struct str json);

/* One object of a stream: its values on a line, of which the last may go on below. */
void print_line(struct buf *b, struct str json);

#endif
