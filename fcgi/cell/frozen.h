/* frozen — time and chance as a request's code sees them: both come with the request, so that it can be run again
 * with the same outcome. Random bytes are BLAKE2b of the request's seed and a counter. */
#ifndef CELL_FROZEN_H
#define CELL_FROZEN_H

#include "base/id.h"

void frozen_set(int64_t now, const unsigned char seed[32]);
/* The run went on at that moment. */
void frozen_advance(int64_t now);
/* From here on chance is that of the nth part of the request, however much was drawn before. */
void frozen_turn(uint64_t n);
int64_t frozen_now(void); /* ms since 1970 */
void frozen_random(void *p, size_t n);
void frozen_id(char out[ID_LEN + 1]); /* like id_new, sorting by time and order */

#endif
