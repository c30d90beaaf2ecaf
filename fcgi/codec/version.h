/* version — version numbers as people write them, and requirements on them.
 *
 * A version is up to three whole numbers with dots, an optional leading v, and
 * whatever follows a - or + (not compared): "1", "0.2", "v1.4.0-rc1".
 * A requirement is comparisons with spaces between them, all of which must hold:
 * ">=0.1 <2". A version without an operator means "at least".
 */
#ifndef CODEC_VERSION_H
#define CODEC_VERSION_H

#include "base/text.h"

bool version_parse(struct str text, int v[3]);
int version_compare(struct str a, struct str b); /* <0 0 >0; what cannot be parsed equals everything */

enum admits { ADMITS_NO, ADMITS_YES, ADMITS_MALFORMED };
enum admits version_admits(struct str requirement, struct str version);

#endif
