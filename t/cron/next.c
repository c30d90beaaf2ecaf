/* What cron_next says, for t/150-cron.t: lines "COUNT AFTER ZONE SCHEDULE" on stdin, and for each a line of moments (ms). */
#include "codec/cron.h"

int main(void)
{
	char line[512];
	while (fgets(line, sizeof line, stdin)) {
		struct str s = {line, strcspn(line, "\n")};
		struct str count = str_cut(s, ' ', &s), after = str_cut(s, ' ', &s), name = str_cut(s, ' ', &s);
		int64_t n = 0, at = 0;
		struct zone z;
		struct cron c;
		bool fine = str_int(count, &n) && str_int(after, &at) && zone_find(name, &z) && !cron_parse(s, &c, NULL);
		for (; fine && n > 0 && (at = cron_next(&c, at, &z)) != -1; n--)
			printf("%lld ", (long long)at);
		puts(fine ? "" : "?");
	}
	return 0;
}
