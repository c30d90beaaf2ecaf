#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#ifdef HAVE_CURL
#include "door/curl.h"

#include <dlfcn.h>

const struct curl_calls *curl_load(void)
{
	static struct curl_calls calls;
	static bool loaded;
	static const struct {
		void *to;
		const char *name;
	} symbols[] = {
#define CALL(name) {&calls.name, "curl_" #name},
		CURL_CALLS(CALL)
#undef CALL
	};
	void *so = loaded ? NULL : dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; so && i < ARRAY_LEN(symbols); i++) {
		void *symbol = dlsym(so, symbols[i].name);
		if (!symbol)
			return NULL;
		memcpy(symbols[i].to, &symbol, sizeof symbol);
	}
	loaded |= so != NULL;
	return loaded ? &calls : NULL;
}
#endif
