#include "wire/syscall.h"

static struct syscall rows[SYSCALL_COUNT];

static void fill(int i, const char *name, const char *permission, enum effect effect, const char *sig,
		 enum returns returns, int cost, bool local, const char *result, const char *doc)
{
	rows[i] = (struct syscall){.name = name, .permission = permission, .effect = effect, .returns = returns,
				   .cost = cost, .local = local, .result = result, .doc = doc};
	sig_parse(&rows[i].sig, sig);
}

void syscall_init(void)
{
#define SYS(id, name, permission, effect, sig, returns, cost, result, doc) \
	fill(SYSCALL_##id, name, permission, EFFECT_##effect, sig, RETURNS_##returns, cost, false, result, doc);
#define LOCAL(id, name, sig, result, doc) \
	fill(SYSCALL_##id, name, NULL, EFFECT_PURE, sig, RETURNS_NONE, 0, true, result, doc);
#include "sys/syscall.def"
#undef SYS
#undef LOCAL
}

const struct syscall *syscall_row(int i)
{
	return i >= 0 && i < SYSCALL_COUNT ? &rows[i] : NULL;
}
