#include "store/lend.h"

void lend_init(struct lender *l)
{
	*l = (struct lender){0};
	pthread_mutex_init(&l->mutex, NULL);
	pthread_cond_init(&l->returned, NULL);
	pthread_cond_init(&l->returned_first, NULL);
}

void lend_free(struct lender *l)
{
	while (l->idle) {
		struct conn *c = l->idle;
		l->idle = c->next;
		conn_end(c);
	}
	pthread_cond_destroy(&l->returned_first);
	pthread_cond_destroy(&l->returned);
	pthread_mutex_destroy(&l->mutex);
}

void lend_add(struct lender *l, struct conn *c)
{
	c->next = l->idle;
	l->idle = c;
}

static bool may_take(const struct lender *l, enum lend how)
{
	if (how == LEND_FIRST)
		return l->lent <= STORE_CONNECTIONS;
	return !l->first && l->lent < STORE_CONNECTIONS && (how == LEND_ANEW || l->idle);
}

/* With the mutex held. Whoever leaves with one wakes the next, while there are more. */
static void wake_next(struct lender *l)
{
	if (l->first)
		pthread_cond_signal(&l->returned_first);
	else if (may_take(l, LEND_ANEW))
		pthread_cond_signal(&l->returned);
}

struct conn *lend_take(struct lender *l, enum lend how)
{
	pthread_mutex_lock(&l->mutex);
	l->first |= how == LEND_FIRST;
	while (!may_take(l, how))
		pthread_cond_wait(how == LEND_FIRST ? &l->returned_first : &l->returned, &l->mutex);
	struct conn *c = l->idle;
	if (c)
		l->idle = c->next;
	l->lent++;
	l->first &= how != LEND_FIRST;
	wake_next(l);
	pthread_mutex_unlock(&l->mutex);
	return c;
}

bool lend_left(struct lender *l)
{
	pthread_mutex_lock(&l->mutex);
	bool left = may_take(l, LEND_ANEW);
	pthread_mutex_unlock(&l->mutex);
	return left;
}

void lend_give(struct lender *l, struct conn *c)
{
	pthread_mutex_lock(&l->mutex);
	if (c)
		lend_add(l, c);
	l->lent--;
	wake_next(l);
	pthread_mutex_unlock(&l->mutex);
}
