#include "broker/recording/catalogue/catalogue_database.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define VERSION 1
#define TEXT_OF(number) QUOTE(number)
#define QUOTE(number) #number

/* Catalogues that were made without it get it. */
#define STRETCHES_BY_KIND "CREATE INDEX IF NOT EXISTS stretches_by_kind ON stretches(camera, full, start_ns);"

/* segments.state: 0 being written, 1 finished, 2 to be deleted. segments.stretch: the key of its stretch.
 * The two partial indexes are the queues of retention, oldest first. */
static const char schema[] =
    "CREATE TABLE cameras(key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, segments INTEGER NOT NULL DEFAULT 0,"
    " bytes INTEGER NOT NULL DEFAULT 0, frames INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE segments(key INTEGER PRIMARY KEY AUTOINCREMENT, camera INTEGER NOT NULL, start_ns INTEGER NOT NULL,"
    " end_ns INTEGER NOT NULL, bytes INTEGER NOT NULL, frames INTEGER NOT NULL, state INTEGER NOT NULL,"
    " full INTEGER NOT NULL, protected INTEGER NOT NULL DEFAULT 0, stretch INTEGER NOT NULL, name TEXT NOT NULL);"
    "CREATE INDEX segments_by_time ON segments(camera, start_ns, key);"
    "CREATE UNIQUE INDEX segments_by_name ON segments(camera, name);"
    "CREATE INDEX segments_by_stretch ON segments(stretch, start_ns);"
    "CREATE INDEX segments_unfinished ON segments(state) WHERE state <> 1;"
    "CREATE INDEX segments_to_delete ON segments(camera, key) WHERE state = 1 AND protected = 0;"
    "CREATE TABLE seconds(segment INTEGER PRIMARY KEY, packed BLOB NOT NULL);"
    "CREATE TABLE stretches(key INTEGER PRIMARY KEY, camera INTEGER NOT NULL, start_ns INTEGER NOT NULL,"
    " end_ns INTEGER NOT NULL, bytes INTEGER NOT NULL, full INTEGER NOT NULL);"
    "CREATE INDEX stretches_by_time ON stretches(camera, start_ns);" STRETCHES_BY_KIND
    "CREATE TABLE protections(key INTEGER PRIMARY KEY, camera INTEGER NOT NULL, from_ns INTEGER NOT NULL,"
    " to_ns INTEGER NOT NULL);"
    "CREATE TABLE events(key INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL, camera INTEGER NOT NULL,"
    " kind TEXT NOT NULL, details TEXT NOT NULL);"
    "CREATE INDEX events_by_time ON events(at_ns, key);"
    "CREATE INDEX events_by_camera ON events(camera, at_ns, key);"
    "CREATE INDEX events_by_kind ON events(kind, at_ns, key);"
    "PRAGMA user_version = " TEXT_OF(VERSION) ";";

enum err catalogue_error_of(int result) {
    switch (result & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return ERR_OK;
    case SQLITE_NOMEM: return ERR_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ERR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ERR_INVALID;
    case SQLITE_FULL: return ERR_GONE;
    default: return ERR_IO;
    }
}

enum err statement_get(sqlite3 *database, const char *text, sqlite3_stmt **statement) {
    if (*statement != NULL) {
        return ERR_OK;
    }
    return catalogue_error_of(sqlite3_prepare_v3(database, text, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL));
}

enum err statement_run(sqlite3_stmt *statement) {
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    return catalogue_error_of(result);
}

static enum err fail(sqlite3 *database, int result, struct reason *reason) {
    reason_set(reason, "the catalogue cannot be used: %s",
               database != NULL ? sqlite3_errmsg(database) : sqlite3_errstr(result));
    return catalogue_error_of(result);
}

static int read_version(sqlite3 *database, int *version) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(database, "PRAGMA user_version", -1, &statement, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
        *version = result == SQLITE_ROW ? sqlite3_column_int(statement, 0) : 0;
        result = result == SQLITE_ROW ? SQLITE_OK : result;
    }
    sqlite3_finalize(statement);
    return result;
}

static enum err open_file(const char *path, int flags, sqlite3 **database, struct reason *reason) {
    char file[PATH_MAX];
    if (snprintf(file, sizeof file, "%s/" CATALOGUE_FILE_NAME, path) >= (int)sizeof file) {
        reason_set(reason, "the path is too long");
        return ERR_INVALID;
    }
    if ((flags & SQLITE_OPEN_CREATE) == 0 && access(file, F_OK) != 0) {
        reason_set(reason, "there is no catalogue in %.120s", path);
        return ERR_NOT_FOUND;
    }
    int result = sqlite3_open_v2(file, database, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
    if (result != SQLITE_OK) {
        return fail(*database, result, reason);
    }
    sqlite3_extended_result_codes(*database, 1);
    sqlite3_busy_timeout(*database, CATALOGUE_BUSY_MS);
    return ERR_OK;
}

static enum err prepare_schema(sqlite3 *database, struct reason *reason) {
    int version = 0;
    int result = read_version(database, &version);
    if (result == SQLITE_OK && version > VERSION) {
        reason_set(reason, "the catalogue is of a newer version of framebroker");
        return ERR_UNSUPPORTED;
    }
    if (result == SQLITE_OK && version == 0) {
        result = sqlite3_exec(database, "BEGIN", NULL, NULL, NULL);
        if (result == SQLITE_OK) {
            result = sqlite3_exec(database, schema, NULL, NULL, NULL);
        }
        if (result == SQLITE_OK) {
            result = sqlite3_exec(database, "COMMIT", NULL, NULL, NULL);
        }
    }
    if (result == SQLITE_OK && version == VERSION) {
        result = sqlite3_exec(database, STRETCHES_BY_KIND, NULL, NULL, NULL);
    }
    return result == SQLITE_OK ? ERR_OK : fail(database, result, reason);
}

enum err catalogue_database_create(const char *path, sqlite3 **out, struct reason *reason) {
    sqlite3 *database = NULL;
    enum err error = open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &database, reason);
    if (error == ERR_OK) {
        /* With NORMAL a crash of the machine may take the newest transactions, which the files then stand for. */
        int result =
            sqlite3_exec(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", NULL, NULL, NULL);
        error = result == SQLITE_OK ? prepare_schema(database, reason) : fail(database, result, reason);
    }
    if (error != ERR_OK) {
        sqlite3_close(database);
        return error;
    }
    *out = database;
    return ERR_OK;
}

enum err catalogue_database_open(const char *path, sqlite3 **out, struct reason *reason) {
    sqlite3 *database = NULL;
    int version = 0;
    enum err error = open_file(path, SQLITE_OPEN_READWRITE, &database, reason); /* WAL needs its shared memory */
    if (error == ERR_OK) {
        int result = sqlite3_exec(database, "PRAGMA query_only = 1; PRAGMA cache_size = -1024", NULL, NULL, NULL);
        result = result == SQLITE_OK ? read_version(database, &version) : result;
        error = result == SQLITE_OK ? ERR_OK : fail(database, result, reason);
    }
    if (error == ERR_OK && version != VERSION) {
        reason_set(reason, "the catalogue is %s", version == 0 ? "empty" : "of another version of framebroker");
        error = version == 0 ? ERR_NOT_FOUND : ERR_UNSUPPORTED;
    }
    if (error != ERR_OK) {
        sqlite3_close(database);
        return error;
    }
    *out = database;
    return ERR_OK;
}
