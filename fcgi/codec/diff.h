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
#define DIFF_CELLS_ALL (16 * DIFF_CELLS) /* of many files, a budget */
#define DIFF_LINE (4 * KIB)  /* bytes shown of a line; how many more there are is said */

/* Appends nothing where they are the same. left: of a budget for several texts, of which this one takes what it compares; or NULL. */
void diff_text(struct buf *b, struct str before, struct str after, size_t *left);

#endif
