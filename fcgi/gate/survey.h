/* survey — what is known of how an app is asked: its routes, the links and forms of its pages, the fields its code names.
 *
 *     struct survey s = {.arena = a};
 *     survey_routes(&s, ready);             the READY frame's JSON
 *     survey_fields(&s, app);
 *     survey_page(&s, a, path, html);        of every answer that is a page
 *
 * All of it is the author's, so everything is bounded and nothing is believed.
 */
#ifndef GATE_SURVEY_H
#define GATE_SURVEY_H

#include "codec/links.h"
#include "kernel/app.h"

#define SURVEY_WAYS 300
#define SURVEY_LINKS 300
#define SURVEY_FORMS 100
#define SURVEY_FIELDS 60

/* A route: path with :param and *rest. */
struct way {
	struct str method, path;
};

struct page_form {
	struct str method, action;
	int nfields;
	struct link field[SURVEY_FIELDS];
};

struct survey {
	struct arena *arena;
	int nways, nlinks, nforms, nfields;
	struct way way[SURVEY_WAYS];
	struct str link[SURVEY_LINKS]; /* targets: path and query */
	struct page_form form[SURVEY_FORMS];
	struct str field[SURVEY_FIELDS];
};

void survey_routes(struct survey *s, struct str ready);
void survey_fields(struct survey *s, const struct app *app);
/* a: for what need not be kept. survey_link: url as it stands in a page of that path. */
void survey_page(struct survey *s, struct arena *a, struct str path, struct str html);
void survey_link(struct survey *s, struct arena *a, struct str path, struct str url);

/* Bodies with mark in every field, of routes and of a form; what a form gives a value keeps it. */
struct str survey_json(const struct survey *s, struct arena *a, const char *mark);
struct str survey_form(const struct survey *s, struct arena *a, const char *mark);
struct str form_filled(struct arena *a, const struct page_form *f, const char *mark);

bool way_params(struct str path);
bool way_several(struct str path); /* more than one */
/* The path with its first parameter as first and all others as second. */
struct str way_fill(struct arena *a, struct str path, struct str first, struct str second);
/* "GET /notes/:id": the route that a link is an example of, with what looks like an id taken out. */
struct str way_shape(struct arena *a, struct str url);

#endif
