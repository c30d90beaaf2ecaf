#include "fuzz.h"

#include "../../fcgi/door/curl.c"
#include "../../fcgi/door/remote.c"

/* The address of a node, and what a node answers: whatever the bytes, an error has its sentence, and an address that is
 * taken is https or this machine. */
static void address(struct arena *a, struct str text)
{
	struct remote m = {0};
	struct fault f = {0};
	if (check_url(&m, a, text, &f)) {
		MUST(f.err && f.message[0] && !m.url);
		return;
	}
	struct str url = str_of(m.url);
	MUST(str_starts(url, "https://") || str_starts(url, "http://localhost") || str_starts(url, "http://127.0.0.1") ||
	     str_starts(url, "http://[::1]") || strstr(m.url, ".localhost"));
	MUST(!strpbrk(m.url + 8, "/?#@ \r\n") && url.n < 300);
}

#ifdef HAVE_CURL
static void answer(struct str body)
{
	struct remote m = {.url = "https://os.example.com"};
	struct fault f = {0}, ignored = {0};
	char id[ID_LEN + 1] = "";
	if (json_check(body, JSON_DEPTH, 100000, &ignored))
		return;
	int err = refusal(&m, 418, body, id, &f);
	MUST(err && f.err == err && f.message[0] && strlen(f.message) < FAULT_MAX);
	MUST(!id[0] || id_valid(str_of(id)));
}
#else
#define answer(body) ((void)(body))
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct arena *a = arena_new();
	address(a, text);
	answer(text);
	arena_free(a);
	return 0;
}
