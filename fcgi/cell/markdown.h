/* markdown — CommonMark with tables, strikethrough, task lists and bare links, as HTML without anything of the
 * text's own: raw HTML is left out, links and pictures lead to no script, links to elsewhere are rel="nofollow noopener".
 *
 * The one owner of libcmark-gfm. All memory of a run lies in one region of bounded size outside the heap, which is
 * taken back as a whole, however the run ends.
 */
#ifndef CELL_MARKDOWN_H
#define CELL_MARKDOWN_H

#include <lua.h>

void markdown_init(void); /* in the zygote, once */

/* (text, breaks) → HTML. breaks: a line break of the text is one of the page. Raises too_large for more than 256 KB
 * of text or for text whose tree does not fit, unsupported in a build --without-markdown. */
int markdown_html(lua_State *L);

#endif
