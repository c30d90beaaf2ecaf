#include "kernel/place.h"

/* One that it may have, or -1. With the lock held. */
static int find(const struct places *all, const struct place *mine)
{
	int place = -1, taken = 0, own = 0, strangers = 0;
	for (int i = 0; i < PLACES; i++) {
		const struct place *p = &all->place[i];
		taken += p->taken;
		own += p->taken && !strcmp(p->who, mine->who);
		strangers += p->taken && p->stranger;
		place = p->taken ? place : i;
	}
	if (mine->stranger && (own >= PLACES_STRANGER || strangers >= PLACES_ONE))
		return -1;
	return own < PLACES_ONE && (!own || taken < PLACES - PLACES_LAST) ? place : -1;
}

int place_take(struct places *all, const struct req *r)
{
	struct place mine = {.taken = true, .stranger = !r->who.user_id[0]};
	struct str who = mine.stranger ? req_client_prefix(r) : str_of(r->who.user_id);
	snprintf(mine.who, sizeof mine.who, "%.*s", STR_FMT(who));
	pthread_mutex_lock(&all->lock);
	int place = find(all, &mine);
	if (place >= 0)
		all->place[place] = mine;
	pthread_mutex_unlock(&all->lock);
	return place;
}

void place_leave(struct places *all, int place)
{
	pthread_mutex_lock(&all->lock);
	all->place[place].taken = false;
	pthread_mutex_unlock(&all->lock);
}
