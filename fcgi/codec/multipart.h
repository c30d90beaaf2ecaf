/* multipart — bodies of type multipart/form-data (RFC 7578, RFC 2046 §5.1), read as they come.
 *
 *     if (multipart_init(&m, content_type)) …                no boundary, or one that is none
 *     while (bytes come)
 *             for (struct str in = …; (what = multipart_next(&m, &in, &data)) != MULTIPART_MORE;)
 *                     switch (what) …
 *     m.done                                                 the last boundary was there
 *
 * It keeps the header of one part and the beginning of what may be a boundary, and never a byte of content: data
 * borrows from in, or from m until the next call.
 */
#ifndef CODEC_MULTIPART_H
#define CODEC_MULTIPART_H

#include "base/text.h"

#define MULTIPART_PARTS 1000
#define MULTIPART_FILES 100
#define MULTIPART_HEAD (16 * KIB) /* of one part's header */
#define MULTIPART_NAME 200        /* bytes of the name of a field */
#define MULTIPART_FILENAME 255

enum multipart_event {
	MULTIPART_MORE, /* in is used up */
	MULTIPART_PART, /* name, type, filename: of the part whose data follows */
	MULTIPART_DATA,
	MULTIPART_END,  /* of the part */
	MULTIPART_BAD   /* problem says what is wrong */
};

struct multipart {
	char delimiter[76]; /* CR LF "--" and the boundary */
	size_t length, matched;
	enum { MP_PREAMBLE, MP_LINE, MP_HEAD, MP_DATA, MP_EPILOGUE, MP_BAD } state;
	char head[MULTIPART_HEAD];
	size_t nhead;
	int nparts, nfiles;
	bool done;
	const char *problem;  /* the end of a sentence */

	/* the part; names borrow from head */
	struct str name;
	struct str filename;  /* its last component; STR_NONE: a text field */
	struct str type;      /* or empty */
};

/* 0, or ERR_BAD_REQUEST: the type has no boundary. */
int multipart_init(struct multipart *m, struct str content_type);
enum multipart_event multipart_next(struct multipart *m, struct str *in, struct str *data);

/* A parameter of a header's value: STR_NONE when it is not there. Quotes go, and backslashes before " and \ with
 * them, in place: the text must be writable. */
struct str header_parameter(struct str value, const char *name);

#endif
