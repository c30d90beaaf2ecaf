/* visible — text of strangers, made safe to show.
 *
 * A control character, a direction override or a character of no width lets a
 * name look like another name. They are refused in paths and names, and shown
 * as what they are (\u{202E}, \xFF) in everything a person reads to decide.
 */
#ifndef BASE_VISIBLE_H
#define BASE_VISIBLE_H

#include "base/arena.h"
#include "base/buf.h"

#define NOT_UTF8 UINT32_MAX

/* Cut the first character off s (not empty). NOT_UTF8: its first byte begins no well-formed character; that byte is cut. */
uint32_t utf8_next(struct str *s);

/* Controls, direction marks, characters of no width, line separators, tags, and what is no character at all. A variation selector
 * is one too, but for the two that say how the emoji before them looks. */
bool deceptive(uint32_t c, uint32_t before); /* before: the character in front of it, or 0 */
bool text_deceptive(struct str s); /* contains one, or is not UTF-8 */

/* Append s with every deceptive character written as its number, cut to about max bytes with an ellipsis. */
void visible_add(struct buf *b, struct str s, size_t max);
char *visible(struct arena *a, struct str s, size_t max);

#endif
