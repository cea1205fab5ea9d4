/* The catalogue's database, for catalogue.c and catalogue_writer.c: opening, its schema, and statements.
 * Threads: one at a time for each connection. */
#ifndef BROKER_RECORDING_CATALOGUE_CATALOGUE_DATABASE_H
#define BROKER_RECORDING_CATALOGUE_CATALOGUE_DATABASE_H

#include "broker/base/err.h"

#include <sqlite3.h>
#include <stdint.h>

#define CATALOGUE_FILE_NAME "catalogue.sqlite"
/* How long a statement waits for a lock of another connection. */
#define CATALOGUE_BUSY_MS 1000

/* Opens what is there for reading. Errors: catalogue_open(). */
CHECKED enum err catalogue_database_open(const char *path, sqlite3 **database, struct reason *reason);
/* Opens for writing, in WAL mode, and makes the file and its schema where they are not there yet. */
CHECKED enum err catalogue_database_create(const char *path, sqlite3 **database, struct reason *reason);

/* ERR_OK for SQLITE_OK, SQLITE_ROW and SQLITE_DONE. ERR_INVALID: the file is broken; ERR_BUSY: locked;
 * ERR_GONE: the disk is full; ERR_MEMORY; ERR_IO. */
enum err catalogue_error_of(int result);

/* Statements of a connection, compiled at first use: statements[i] is of texts[i]. Finalize each before closing. */
CHECKED enum err statement_get(sqlite3 *database, const char *text, sqlite3_stmt **statement);
/* Runs a statement that has no rows, and resets it. */
CHECKED enum err statement_run(sqlite3_stmt *statement);

#endif
