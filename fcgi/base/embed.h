/* embed — a file of the source tree as bytes of the program, so that an installed binary needs no data files.
 *
 *     EMBED(first, "migrations/0001-base.sql");
 *     struct str text = EMBEDDED(first);
 *
 * Paths are relative to the top of the source tree. The object file must depend on the embedded one: name it in the
 * folder's sources.am, as in  fcgi/store/migrate.$(OBJEXT): $(srcdir)/migrations/0001-base.sql
 */
#ifndef BASE_EMBED_H
#define BASE_EMBED_H

#include "base/text.h"

#define EMBED(symbol, file) EMBED_PATH(symbol, FAZT_SRCDIR "/" file)
#define EMBED_BUILT(symbol, file) EMBED_PATH(symbol, FAZT_BUILDDIR "/" file) /* made by make: relative to the top of the build tree */
#define EMBED_PATH(symbol, path)                                                                                \
	__asm__(".pushsection .rodata\n"                                                                          \
		"embed_" #symbol ": .incbin \"" path "\"\n"                                             \
		"embed_" #symbol "_end: .byte 0\n"                                                                      \
		".popsection\n");                                                                                       \
	extern const char embed_##symbol[] __attribute__((visibility("hidden")));                                 \
	extern const char embed_##symbol##_end[] __attribute__((visibility("hidden")))
#define EMBEDDED(symbol) ((struct str){embed_##symbol, (size_t)(embed_##symbol##_end - embed_##symbol)})

#endif
