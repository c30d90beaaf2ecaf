#include "gate/survey.h"

#include "codec/json.h"
#include "fuzz.h"

/* What a cell said about itself, a path and a page: what is learnt from it stays within its bounds, and a way that was filled in
 * is a path. One line each, the page to the end. */

static void ways(const struct survey *s, struct arena *a)
{
	for (int i = 0; i < s->nways; i++) {
		struct str path = s->way[i].path;
		MUST(path.n && path.p[0] == '/' && s->way[i].method.n);
		struct str filled = way_fill(a, path, STR("a/b"), STR("?#"));
		MUST(filled.n && filled.p[0] == '/' && (!way_several(path) || way_params(path)));
	}
}

static void links(const struct survey *s, struct arena *a)
{
	for (int i = 0; i < s->nlinks; i++) {
		MUST(s->link[i].n && s->link[i].p[0] == '/' && !str_starts(s->link[i], "//") && !str_starts(s->link[i], "/_fazt/"));
		MUST(str_starts(way_shape(a, s->link[i]), "GET /"));
	}
	for (int i = 0; i < s->nforms; i++) {
		MUST(s->form[i].nfields <= SURVEY_FIELDS && s->form[i].action.n && s->form[i].action.p[0] == '/');
		(void)form_filled(a, &s->form[i], "mark");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct survey *s = NEW(a, struct survey);
	struct str page, rest, ready = str_cut((struct str){(const char *)data, size}, '\n', &rest), path = str_cut(rest, '\n', &page);
	s->arena = a;
	survey_routes(s, ready);
	survey_page(s, a, path.n && path.p[0] == '/' ? path : STR("/"), page);
	ways(s, a);
	links(s, a);
	MUST(!json_check(survey_json(s, a, "mark"), JSON_DEPTH, 1000, NULL));
	(void)survey_form(s, a, "mark");
	arena_free(a);
	return 0;
}
