/* diff — how one text became another, line by line, in unified hunks with three lines around each change.
 *
 * For a person who decides: what would deceive in a line (controls, direction
 * marks) is written as its number, tabs stay. Beyond DIFF_CELLS the part between
 * the common beginning and the common end is shown as replaced whole.
 */
#ifndef CODEC_DIFF_H
#define CODEC_DIFF_H

#include "base/buf.h"

#define DIFF_CELLS (4 * MIB) /* lines of one times lines of the other */
#define DIFF_LINE (4 * KIB)  /* bytes shown of a line; how many more there are is said */

/* Appends nothing where they are the same. */
void diff_text(struct buf *b, struct str before, struct str after);

#endif
