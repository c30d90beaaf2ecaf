/* ntfy — the texts of ntfy's protocol (version 2.11): what clients send in headers, queries and JSON, made into values.
 *
 * Everything here comes from strangers. A text that is refused gives false or a sentence; what clients merely got wrong
 * (a control character in a title, bytes that are not UTF-8) is cleaned, because ntfy takes it as well.
 */
#ifndef CODEC_NTFY_H
#define CODEC_NTFY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/out.h"
#include "codec/zone.h"

#define NTFY_ACTIONS 3
#define NTFY_PAIRS 16 /* headers or extras of an action */

/* [-_A-Za-z0-9]{1,64}, and none of ntfy's own pages. */
bool ntfy_topic(struct str s);
/* 1 to 5, min low default high max (urgent); 0 for nothing and for what is RFC 9218's; -1: none of these. */
int ntfy_priority(struct str s);
/* 1 yes true, in any case. */
bool ntfy_bool(struct str s, bool otherwise);

/* On one line: what controls, hides or turns text around becomes a space, what is not UTF-8 U+FFFD. In the arena. */
struct str ntfy_line(struct arena *a, struct str s);
/* The same with line ends and tabs kept. */
struct str ntfy_text(struct arena *a, struct str s);
/* A header's value with its encoded words (RFC 2047: UTF-8, ISO 8859-1, US-ASCII) read, as a line. */
struct str ntfy_header(struct arena *a, struct str s);
/* A tag each, without spaces around it: all of them with commas between. */
struct str ntfy_tags(struct arena *a, struct str s);
/* These as the member "tags" of the object that is being written. */
void ntfy_write_tags(struct out *o, struct str tags);
/* Something to open: scheme:…, without spaces. A scheme that runs code (javascript:, data:, vbscript:) is none. */
bool ntfy_link(struct str s);
bool ntfy_http(struct str s); /* http:// or https:// */

/* When: Unix seconds, "30m", "2 days", "1h30m", "tomorrow", "10am", "tomorrow, 3:30pm", "monday 7am". A time of day is one
 * of the zone's, and the next one there is. False: not understood, or past. at: ms. */
bool ntfy_delay(struct str s, int64_t now, const struct zone *z, int64_t *at);

/* "22:00-07:00": minutes of the day, which differ. */
bool ntfy_hours(struct str s, int *from, int *until);

enum ntfy_since { NTFY_BAD, NTFY_NONE, NTFY_ALL, NTFY_LATEST, NTFY_ID, NTFY_TIME };
/* all, none, latest, an id of a message, Unix seconds, "10m". at: ms, of NTFY_TIME. */
enum ntfy_since ntfy_since(struct str s, int64_t now, int64_t *at);

/* Buttons, in JSON or as in "view, Open, https://…; http, Post, …, body='…'": a JSON list as clients get it. ERR_BAD_REQUEST
 * with a sentence. */
int ntfy_actions(struct arena *a, struct str s, struct buf *json, struct fault *f);

#endif
