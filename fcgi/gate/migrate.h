/* migrate — cells for the data migrations of an upgrade (kernel/migration). */
#ifndef GATE_MIGRATE_H
#define GATE_MIGRATE_H

/* From now on kernel/migration has cells. */
void migrate_install(void);

#endif
