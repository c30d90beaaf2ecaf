-- Apps take turns: the next run of one, by its priority, is found without looking at those of the others.
CREATE INDEX runs_turn ON runs (app_id, priority, due) WHERE due IS NOT NULL;
