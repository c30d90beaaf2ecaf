#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct err_row rows[ERR_COUNT] = {
	[ERR_OK] = {"ok", 200, 0, "Fine."},
#define ERR(name, code, http, exit, message) [ERR_##name] = {code, http, exit, message},
#include "base/err.def"
#undef ERR
};

const struct err_row *err_row(int err)
{
	return &rows[err >= 0 && err < ERR_COUNT ? err : ERR_INTERNAL];
}

int err_by_code(const char *code)
{
	for (int i = 1; i < ERR_COUNT; i++)
		if (!strcmp(rows[i].code, code))
			return i;
	return 0;
}

int fault(struct fault *f, int err, const char *fmt, ...)
{
	if (!f)
		return err;
	if (f->blind && err != f->err && err_row(err)->http < 500) /* the same error may find better words */
		return f->err;
	f->err = err;
	if (!fmt) {
		snprintf(f->message, sizeof f->message, "%s", err_row(err)->message);
		return err;
	}
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(f->message, sizeof f->message, fmt, ap);
	va_end(ap);
	return err;
}

void fault_clear(struct fault *f)
{
	f->err = 0;
	f->blind = false;
	f->message[0] = 0;
}

int fault_blind(const struct fault *f)
{
	return f->blind ? f->err : 0;
}

const char *fault_message(const struct fault *f)
{
	return f->message[0] ? f->message : err_row(f->err)->message;
}
