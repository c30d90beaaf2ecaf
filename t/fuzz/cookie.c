#include "fuzz.h"
#include "kernel/req.h"

/* Cookie and Accept headers: what is found lies inside the header, and has no separator in it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct req r;
	struct str all = {(const char *)data, size};
	r.nheaders = 2;
	r.header[0] = (struct header){STR("cookie"), all};
	r.header[1] = (struct header){STR("accept"), all};
	req_wants_html(&r);
	struct str v = req_cookie(&r, "__Host-os");
	MUST(!v.p || (v.p >= all.p && v.p + v.n <= all.p + all.n && !memchr(v.p, ';', v.n)));
	return 0;
}
