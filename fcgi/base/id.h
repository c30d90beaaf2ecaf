/* id — identifiers made by the kernel.
 *
 * id_new: 26 characters of base32 (48-bit milliseconds, 80 random bits). They
 * sort by the time they were made, also within one process and millisecond, and
 * cannot be guessed. id_secret: 256 random bits as base64url, for tokens.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include "base/text.h"

#define ID_LEN 26
#define SECRET_LEN 43

void id_new(char out[ID_LEN + 1]);
void id_anew(void); /* the clock was put back on purpose: what is made from here on is of that time */
bool id_valid(struct str s); /* has the form of id_new */
int64_t id_time(struct str id); /* the millisecond in which it was made; id is valid */
void id_secret(char out[SECRET_LEN + 1]);

#endif
