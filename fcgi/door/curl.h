/* curl — libcurl, loaded by the process that wants it when it wants it: every other one is spared its memory.
 *
 * The only place that includes <curl/curl.h>; door/remote and door/transfer are the only ones that include this. */
#ifndef DOOR_CURL_H
#define DOOR_CURL_H

#define CURL_DISABLE_TYPECHECK /* its macros are made for the functions' own names */
#include <curl/curl.h>

#include "base/base.h"

#define CURL_CALLS(CALL)                                                                                                       \
	CALL(global_init) CALL(easy_init) CALL(easy_setopt) CALL(easy_perform) CALL(easy_getinfo)         \
	CALL(easy_strerror) CALL(easy_cleanup) CALL(easy_reset) CALL(easy_pause) CALL(slist_append)      \
	CALL(slist_free_all) CALL(multi_init) CALL(multi_add_handle) CALL(multi_remove_handle)               \
	CALL(multi_perform) CALL(multi_poll) CALL(multi_info_read) CALL(url) CALL(url_cleanup)          \
	CALL(url_dup) CALL(url_get) CALL(url_set) CALL(version) CALL(free)

/* Each of them without its prefix: lib->easy_init() */
struct curl_calls {
#define CALL(name) __typeof__(&curl_##name) name;
	CURL_CALLS(CALL)
#undef CALL
};

/* NULL: it is not there; on Debian: apt-get install libcurl4. */
const struct curl_calls *curl_load(void);

#endif
