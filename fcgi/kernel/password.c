#include "base/crypt.h"
#include "kernel/password.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <unistd.h>

/* The hash of random bytes that were thrown away, with the parameters of base/crypt. */
#define NOBODY "$argon2id$v=19$m=19456,t=2,p=1$MkjuvcUdY7vm3BzZ+SAPJw$iesq45aGtkShWjNUSIyN/Qwzby4ra2yEdy+GZ8SSnEs"

static atomic_int inside; /* of this process: one computes, the others wait */

/* A descriptor that holds the lock, or -1 with the fault set. */
static int enter(struct req *r)
{
	if (atomic_fetch_add(&inside, 1) > PASSWORD_QUEUE) {
		atomic_fetch_sub(&inside, 1);
		r->retry_after = 1;
		fail(r, ERR_RATE_LIMITED, "Too many people are signing in at this moment; try again in a second.");
		return -1;
	}
	int fd = open(arena_printf(r->arena, "%s/run/password.lock", r->node->home), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	while (fd >= 0 && flock(fd, LOCK_EX) && errno == EINTR)
		;
	if (fd < 0) {
		atomic_fetch_sub(&inside, 1);
		fail(r, ERR_INTERNAL, "Cannot open run/password.lock: %s", strerror(errno));
	}
	return fd;
}

static void leave(int fd)
{
	close(fd);
	atomic_fetch_sub(&inside, 1);
}

static size_t characters(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += (s.p[i] & 0xC0) != 0x80;
	return n;
}

int password_fit(struct req *r, struct str password)
{
	if (!text_utf8(password) || password.n > PASSWORD_BYTES)
		return fail(r, ERR_BAD_REQUEST, "The password may have at most %d bytes.", PASSWORD_BYTES);
	if (characters(password) < PASSWORD_MIN)
		return fail(r, ERR_BAD_REQUEST, "Choose a password of at least %d characters.", PASSWORD_MIN);
	return 0;
}

int password_hash(struct req *r, struct str password, char out[PASSWORD_HASH_LEN])
{
	int fd = enter(r);
	if (fd < 0)
		return r->fault.err;
	crypt_password_hash(out, password);
	leave(fd);
	return 0;
}

int password_check(struct req *r, const char *hash, struct str password, bool *right)
{
	bool known = hash && *hash;
	int fd = enter(r);
	if (fd < 0)
		return r->fault.err;
	*right = crypt_password_check(known ? hash : NOBODY, (struct str){password.p, MIN(password.n, (size_t)PASSWORD_BYTES)});
	*right &= known && password.n <= PASSWORD_BYTES;
	leave(fd);
	return 0;
}
