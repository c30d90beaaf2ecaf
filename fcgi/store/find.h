/* find — the SQL functions behind queries, for the connections that serve. */
#ifndef STORE_FIND_H
#define STORE_FIND_H

struct db;
void find_functions(struct db *db); /* doc_match and doc_key */

#endif
