#include "hash/cache.h"

#include <dlfcn.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    BUSY_MS = 60000, /* others commit a batch at a time, and check the log in */
    SETUP_TRIES = 6000,
    SETUP_PAUSE_US = 10000,
    SETTLED_S = 2, /* the coarsest clock of a file system */
    OWN_FILES = 3
};

struct pending {
    struct stat st;
    const char *algorithm;
    size_t bytes;
    unsigned char digest[EVP_MAX_MD_SIZE];
};

struct cache {
    sqlite3 *db;
    sqlite3_stmt *find, *add;
    bool reading; /* in a transaction that spans what is found in a row: each costs locks */
    int failed;   /* the first code since the last commit that is no success */
    struct {
        dev_t device;
        ino_t inode;
    } own[OWN_FILES];
    struct pending *pending;
    size_t count, capacity;
};

static const char setup[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "CREATE TABLE IF NOT EXISTS digest (device INTEGER, inode INTEGER, algorithm TEXT, size "
    "INTEGER,"
    " mtime INTEGER, ctime INTEGER, digest BLOB, PRIMARY KEY (device, inode, algorithm))"
    " WITHOUT ROWID";
static const char find_text[] =
    "SELECT digest FROM digest WHERE device = ?1 AND inode = ?2 AND algorithm = ?3 AND size = ?4"
    " AND mtime = ?5 AND ctime = ?6";
static const char add_text[] = "INSERT OR REPLACE INTO digest VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/* ---- the library ---- */

#define FUNCTIONS(X)                                                                               \
    X(sqlite3_open_v2)                                                                             \
    X(sqlite3_close_v2)                                                                            \
    X(sqlite3_busy_timeout)                                                                        \
    X(sqlite3_exec)                                                                                \
    X(sqlite3_prepare_v2)                                                                          \
    X(sqlite3_finalize)                                                                            \
    X(sqlite3_bind_int64)                                                                          \
    X(sqlite3_bind_text)                                                                           \
    X(sqlite3_bind_blob)                                                                           \
    X(sqlite3_step)                                                                                \
    X(sqlite3_reset)                                                                               \
    X(sqlite3_column_blob)                                                                         \
    X(sqlite3_column_bytes)                                                                        \
    X(sqlite3_errstr)

static struct {
#define MEMBER(name) __typeof__(name) *name;
    FUNCTIONS(MEMBER)
#undef MEMBER
} library;

static bool load(void)
{
    if (library.sqlite3_errstr != NULL) /* the last one */
        return true;
    void *handle = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return false;
#define FIND(name)                                                                                 \
    if ((library.name = (__typeof__(library.name))(uintptr_t)dlsym(handle, #name)) == NULL)        \
        return false;
    FUNCTIONS(FIND)
#undef FIND
    return true;
}

/* ---- opening ---- */

/* Of several that set it up at once all but one are sent away without having waited. */
static int set_up(sqlite3 *db)
{
    int rc = SQLITE_BUSY;
    for (int i = 0; rc == SQLITE_BUSY && i < SETUP_TRIES; i++) {
        if (i > 0)
            usleep(SETUP_PAUSE_US);
        rc = library.sqlite3_exec(db, setup, NULL, NULL, NULL);
    }
    return rc;
}

static int open_database(struct cache *cache, const char *path)
{
    int rc =
        library.sqlite3_open_v2(path, &cache->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (rc == SQLITE_OK)
        rc = library.sqlite3_busy_timeout(cache->db, BUSY_MS);
    if (rc == SQLITE_OK)
        rc = set_up(cache->db);
    if (rc == SQLITE_OK)
        rc = library.sqlite3_prepare_v2(cache->db, find_text, -1, &cache->find, NULL);
    if (rc == SQLITE_OK)
        rc = library.sqlite3_prepare_v2(cache->db, add_text, -1, &cache->add, NULL);
    return rc;
}

static void find_own_files(struct cache *cache, const char *path)
{
    static const char *const suffix[OWN_FILES] = {"", "-wal", "-shm"};
    for (int i = 0; i < OWN_FILES; i++) {
        struct stat st = {0};
        char *name = NULL;
        if (asprintf(&name, "%s%s", path, suffix[i]) >= 0 && stat(name, &st) == 0) {
            cache->own[i].device = st.st_dev;
            cache->own[i].inode = st.st_ino;
        }
        free(name);
    }
}

struct cache *weir__cache_open(const char *path, char error[CACHE_ERROR])
{
    if (!load()) {
        snprintf(error, CACHE_ERROR, "the library SQLite (libsqlite3-0) is not there");
        return NULL;
    }
    struct cache *cache = calloc(1, sizeof(*cache));
    int rc = cache == NULL ? SQLITE_NOMEM : open_database(cache, path);
    if (rc != SQLITE_OK) {
        snprintf(error, CACHE_ERROR, "%s", library.sqlite3_errstr(rc));
        weir__cache_close(cache);
        return NULL;
    }
    find_own_files(cache, path);
    return cache;
}

bool weir__cache_owns(const struct cache *cache, const struct stat *st)
{
    for (int i = 0; i < OWN_FILES; i++)
        if (cache->own[i].inode == st->st_ino && cache->own[i].device == st->st_dev)
            return true;
    return false;
}

void weir__cache_close(struct cache *cache)
{
    if (cache == NULL)
        return;
    library.sqlite3_finalize(cache->find);
    library.sqlite3_finalize(cache->add);
    library.sqlite3_close_v2(cache->db);
    free(cache->pending);
    free(cache);
}

/* ---- files ---- */

static void note(struct cache *cache, int rc)
{
    if (cache->failed == SQLITE_OK)
        cache->failed = rc;
}

static sqlite3_int64 nanoseconds(const struct timespec *at)
{
    return (sqlite3_int64)at->tv_sec * 1000000000 + at->tv_nsec;
}

static void bind(sqlite3_stmt *statement, const struct stat *st, const char *algorithm)
{
    library.sqlite3_bind_int64(statement, 1, (sqlite3_int64)st->st_dev);
    library.sqlite3_bind_int64(statement, 2, (sqlite3_int64)st->st_ino);
    library.sqlite3_bind_text(statement, 3, algorithm, -1, SQLITE_STATIC);
    library.sqlite3_bind_int64(statement, 4, st->st_size);
    library.sqlite3_bind_int64(statement, 5, nanoseconds(&st->st_mtim));
    library.sqlite3_bind_int64(statement, 6, nanoseconds(&st->st_ctim));
}

static void run(struct cache *cache, const char *text)
{
    note(cache, library.sqlite3_exec(cache->db, text, NULL, NULL, NULL));
}

/* Before anything that takes long: what is read must not keep others from checking the log in. */
static void end_reading(struct cache *cache)
{
    if (cache->reading)
        run(cache, "COMMIT");
    cache->reading = false;
}

/* Another link to a file of the same batch. */
static bool find_pending(const struct cache *cache, const struct stat *st, const char *algorithm,
                         unsigned char *ret_digest, size_t bytes)
{
    for (size_t i = 0; st->st_nlink > 1 && i < cache->count; i++) {
        const struct pending *pending = &cache->pending[i];
        if (pending->st.st_ino == st->st_ino && pending->st.st_dev == st->st_dev &&
            pending->st.st_size == st->st_size &&
            nanoseconds(&pending->st.st_mtim) == nanoseconds(&st->st_mtim) &&
            nanoseconds(&pending->st.st_ctim) == nanoseconds(&st->st_ctim) &&
            strcmp(pending->algorithm, algorithm) == 0) {
            memcpy(ret_digest, pending->digest, bytes);
            return true;
        }
    }
    return false;
}

bool weir__cache_find(struct cache *cache, const struct stat *st, const char *algorithm,
                      unsigned char *ret_digest, size_t bytes)
{
    if (find_pending(cache, st, algorithm, ret_digest, bytes))
        return true;
    if (!cache->reading)
        run(cache, "BEGIN");
    cache->reading = true;
    bind(cache->find, st, algorithm);
    int rc = library.sqlite3_step(cache->find);
    bool found = rc == SQLITE_ROW && library.sqlite3_column_bytes(cache->find, 0) == (int)bytes;
    if (found)
        memcpy(ret_digest, library.sqlite3_column_blob(cache->find, 0), bytes);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        note(cache, rc);
    library.sqlite3_reset(cache->find);
    if (!found)
        end_reading(cache);
    return found;
}

bool weir__cache_is_settled(const struct stat *st)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return st->st_size > 0 && now.tv_sec - st->st_mtim.tv_sec > SETTLED_S &&
           now.tv_sec - st->st_ctim.tv_sec > SETTLED_S;
}

void weir__cache_add(struct cache *cache, const struct stat *st, const char *algorithm,
                     const unsigned char *digest, size_t bytes)
{
    if (!weir__cache_is_settled(st))
        return;
    if (cache->count == cache->capacity) {
        size_t capacity = 2 * cache->capacity + 16;
        struct pending *pending = realloc(cache->pending, capacity * sizeof(*pending));
        if (pending == NULL) {
            note(cache, SQLITE_NOMEM);
            return;
        }
        cache->pending = pending;
        cache->capacity = capacity;
    }
    struct pending *to = &cache->pending[cache->count++];
    *to = (struct pending){.st = *st, .algorithm = algorithm, .bytes = bytes};
    memcpy(to->digest, digest, bytes);
}

static int add_one(struct cache *cache, const struct pending *pending)
{
    bind(cache->add, &pending->st, pending->algorithm);
    library.sqlite3_bind_blob(cache->add, 7, pending->digest, (int)pending->bytes, SQLITE_STATIC);
    int rc = library.sqlite3_step(cache->add);
    library.sqlite3_reset(cache->add);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

bool weir__cache_commit(struct cache *cache, char error[CACHE_ERROR])
{
    end_reading(cache);
    if (cache->count > 0)
        run(cache, "BEGIN IMMEDIATE");
    for (size_t i = 0; cache->failed == SQLITE_OK && i < cache->count; i++)
        note(cache, add_one(cache, &cache->pending[i]));
    if (cache->count > 0)
        run(cache, cache->failed == SQLITE_OK ? "COMMIT" : "ROLLBACK");
    bool good = cache->failed == SQLITE_OK;
    if (!good)
        snprintf(error, CACHE_ERROR, "%s", library.sqlite3_errstr(cache->failed));
    cache->count = 0;
    cache->failed = SQLITE_OK;
    return good;
}
