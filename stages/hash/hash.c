#include "hash/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file/text.h"
#include "hash/cache.h"
#include "hash/digest.h"
#include "hash/links.h"
#include "hash/name.h"
#include "file/record.h"
#include "hash/walk.h"

enum { CALL_RECORDS = 128, RETRIES = 5, RETRY_US = 10000, REASON = 256 };
enum on_change { ON_CHANGE_REPORT, ON_CHANGE_RETRY };

/* The columns that are looked at, if they are there: what file.list says of a file. */
enum known { PATH, TYPE, DEVICE, INODE, ERROR, KNOWN };
static const char *const known_names[KNOWN] = {"path", "type", "device", "inode", "error"};

/* Those that are added, in front of the digests. */
enum added { ADDED_BYTES, ADDED_STATUS, ADDED_ERROR, ADDED_DIGEST };

struct hash {
    struct digests digests;
    enum on_change on_change;
    int known[KNOWN];       /* columns of the input; -1: not there */
    uint32_t *place;        /* of each added column in the output */
    uint32_t columns;       /* of the output */
    struct records records; /* the added ones */
    bool *wanted;           /* which of them somebody uses */
    struct weir_column *column;
    const struct weir_batch *in; /* during a call and until the next: for locate */
    uint32_t first;
    struct digest_file file;
    struct links links;
    const char *root_path;
    int root;               /* the folder that relative paths begin in */
    const char *cache_path; /* NULL: none */
    struct cache *cache;
};

static const struct weir_option options[] = {
    {"algorithm", WEIR_OPT_LIST, "sha256", NULL, false,
     "the digest or digests to make: any that OpenSSL knows, such as sha512, blake2b512 or md5"},
    {"root", WEIR_OPT_PATH, ".", NULL, false, "the folder that relative paths begin in"},
    {"encoding", WEIR_OPT_ENUM, "hex", "hex|base64", false, "how digests are written"},
    {"file_timeout", WEIR_OPT_DURATION, NULL, NULL, false,
     "give a file up that takes longer than this"},
    {"on_change", WEIR_OPT_ENUM, "report", "report|retry", false,
     "what to do with a file that changes while it is read: say so, or read it again, up to five "
     "times"},
    {"cache", WEIR_OPT_PATH, NULL, NULL, false,
     "the file where digests are kept: a file that is as it was when it was read is not read "
     "again"},
    {0}};

/* ---- planning ---- */

static int hash_configure(struct weir_stage *stage)
{
    struct hash *hash = calloc(1, sizeof(*hash));
    const char *const *algorithm;
    size_t algorithms = weir_option_list(stage, "algorithm", &algorithm);
    int64_t timeout = weir_option_number(stage, "file_timeout");
    stage->self = hash;
    if (hash == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    hash->root = -1;
    hash->root_path = weir_option_string(stage, "root");
    if (algorithms > DIGEST_ALGORITHMS)
        return weir_option_error(stage, "algorithm", NULL, 0, 0, NULL, "more than %d algorithms",
                                 DIGEST_ALGORITHMS);
    for (size_t i = 0; i < algorithms; i++)
        if (!weir__digests_add(&hash->digests, algorithm[i]))
            return weir_option_error(stage, "algorithm", algorithm[i], 0, 0,
                                     "`openssl list -digest-algorithms` tells which there are",
                                     "OpenSSL has no digest '%s'", algorithm[i]);
    hash->digests.base64 = weir_option_number(stage, "encoding") == 1;
    hash->digests.timeout_ms = timeout > 0 ? (uint64_t)timeout : 0;
    stage->memory_bytes = weir__links_bytes(&hash->digests);
    hash->cache_path = weir_option_string(stage, "cache");
    hash->on_change = (enum on_change)weir_option_number(stage, "on_change");
    return 0;
}

/* A column of that name is replaced, else one is added. */
static int add_column(struct weir_schema *schema, const char *name, enum weir_type type,
                      uint32_t *ret_place)
{
    int found = weir_schema_find(schema, name);
    *ret_place = found < 0 ? schema->columns : (uint32_t)found;
    return found < 0 ? weir_schema_add(schema, name, type) : 0;
}

static int add_columns(struct weir_stage *stage, struct weir_schema *schema)
{
    struct hash *hash = stage->self;
    const char *const *algorithm;
    size_t algorithms = weir_option_list(stage, "algorithm", &algorithm);
    int rc = weir_schema_copy(schema, stage->in);
    rc |= add_column(schema, "bytes", WEIR_INTEGER, &hash->place[ADDED_BYTES]);
    rc |= add_column(schema, "status", WEIR_TEXT, &hash->place[ADDED_STATUS]);
    rc |= add_column(schema, "error", WEIR_TEXT, &hash->place[ADDED_ERROR]);
    for (size_t i = 0; i < algorithms; i++)
        rc |= add_column(schema, algorithms == 1 ? "digest" : algorithm[i], WEIR_TEXT,
                         &hash->place[ADDED_DIGEST + i]);
    hash->columns = schema->columns;
    return rc;
}

static int hash_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    struct hash *hash = stage->self;
    for (enum known k = 0; k < KNOWN; k++)
        hash->known[k] = weir_schema_find(stage->in, known_names[k]);
    if (hash->known[PATH] < 0)
        return weir_fail(stage, WEIR_ECONFIG, "it wants a column 'path', and there is none");
    hash->place = calloc(ADDED_DIGEST + hash->digests.count, sizeof(*hash->place));
    if (hash->place == NULL || add_columns(stage, schema) < 0)
        return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    return 0;
}

static bool is_added(const struct hash *hash, uint32_t column)
{
    for (size_t a = 0; a < ADDED_DIGEST + hash->digests.count; a++)
        if (hash->place[a] == column)
            return true;
    return false;
}

static void hash_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct hash *hash = stage->self;
    for (uint32_t c = 0; c < stage->in->columns; c++)
        in_needed[c] = stage->needed[c] && !is_added(hash, c);
    for (enum known k = 0; k < KNOWN; k++)
        if (hash->known[k] >= 0)
            in_needed[hash->known[k]] = true;
}

static int open_cache(struct weir_stage *stage)
{
    struct hash *hash = stage->self;
    char error[CACHE_ERROR];
    hash->cache = weir__cache_open(hash->cache_path, error);
    if (hash->cache == NULL)
        return weir_fail(stage, WEIR_ECANTCREATE, "cannot use the cache '%s': %s", hash->cache_path,
                         error);
    return 0;
}

static int hash_open(struct weir_stage *stage)
{
    struct hash *hash = stage->self;
    uint32_t added = ADDED_DIGEST + (uint32_t)hash->digests.count;
    hash->column = calloc(hash->columns, sizeof(*hash->column));
    hash->wanted = calloc(added, sizeof(*hash->wanted));
    if (hash->column == NULL || hash->wanted == NULL || !weir__digests_open(&hash->digests) ||
        !weir__links_open(&hash->links, &hash->digests) ||
        weir__records_init(&hash->records, added, CALL_RECORDS) < 0)
        return weir_fail(stage, WEIR_EOS, "no memory to read files");
    for (uint32_t a = 0; a < added; a++)
        hash->wanted[a] = stage->needed[hash->place[a]];
    hash->root = weir__open_path(AT_FDCWD, hash->root_path, O_PATH | O_DIRECTORY);
    if (hash->root < 0)
        return weir_fail_errno(stage, WEIR_ENOINPUT, "cannot open the folder '%s'",
                               hash->root_path);
    return hash->cache_path == NULL ? 0 : open_cache(stage);
}

/* ---- one file ---- */

enum status { STATUS_OK, STATUS_CHANGED, STATUS_FAILED, STATUS_SKIPPED };
static const char *const status_names[] = {"ok", "changed", "failed", "skipped"};

struct subject {
    char *path;
    struct weir_value known[KNOWN];
    char reason[REASON];
};

static bool says(const struct weir_value *value, uint64_t number)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%" PRIu64, number);
    return value->length == (uint32_t)n && memcmp(value->data, text, (size_t)n) == 0;
}

static bool is_listed(const struct subject *subject)
{
    return subject->known[DEVICE].data != NULL && subject->known[INODE].data != NULL;
}

static enum status failed(struct subject *subject, int error)
{
    bool gone = error == ENOENT && is_listed(subject);
    snprintf(subject->reason, REASON, "%s",
             gone ? "gone between listing and reading" : strerror(error));
    return STATUS_FAILED;
}

static enum status unreadable(struct subject *subject, uint64_t bytes, const struct stat *st)
{
    char at[TEXT_FIGURE], size[TEXT_FIGURE];
    snprintf(subject->reason, REASON, "%s at byte %s of %s", strerror(errno),
             weir__text_count(bytes, at), weir__text_count((uint64_t)st->st_size, size));
    return STATUS_FAILED;
}

/* Only regular files have a content that ends. */
static enum status refuse_type(struct subject *subject, mode_t type)
{
    if (S_ISDIR(type))
        return failed(subject, EISDIR);
    snprintf(subject->reason, REASON, "is %s", weir__file_type_text(type));
    return STATUS_SKIPPED;
}

/* What is not known from a listing is looked at before it is opened: opening a device may do
 * something. So is what may be in the cache. Where it is not looked at st is left zero. */
static enum status look_first(const struct hash *hash, struct subject *subject, struct stat *st)
{
    *st = (struct stat){0};
    if ((hash->cache == NULL && is_listed(subject)) || strlen(subject->path) >= PATH_MAX)
        return STATUS_OK;
    if (fstatat(hash->root, subject->path, st, 0) < 0)
        return failed(subject, errno);
    if (!S_ISREG(st->st_mode))
        return refuse_type(subject, st->st_mode);
    if (hash->cache != NULL && weir__cache_owns(hash->cache, st)) {
        snprintf(subject->reason, REASON, "is the cache");
        return STATUS_SKIPPED;
    }
    return STATUS_OK;
}

static bool is_the_listed(const struct subject *subject, const struct stat *st)
{
    return !is_listed(subject) ||
           (says(&subject->known[DEVICE], st->st_dev) && says(&subject->known[INODE], st->st_ino));
}

/* fd is that of a regular file, or -1. */
static enum status open_subject(const struct hash *hash, struct subject *subject, int *ret_fd,
                                struct stat *st)
{
    *ret_fd = -1;
    int fd = weir__open_path(hash->root, subject->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, st) < 0) {
        enum status status = failed(subject, errno);
        if (fd >= 0)
            close(fd);
        return status;
    }
    if (!is_the_listed(subject, st)) {
        snprintf(subject->reason, REASON, "replaced between listing and reading");
        close(fd);
        return STATUS_CHANGED;
    }
    if (!S_ISREG(st->st_mode)) {
        close(fd);
        return refuse_type(subject, st->st_mode);
    }
    *ret_fd = fd;
    return STATUS_OK;
}

static const char *algorithm(const struct hash *hash, size_t i)
{
    return EVP_MD_get0_name(hash->digests.type[i]);
}

static bool find_in_cache(struct hash *hash, const struct subject *subject, const struct stat *st)
{
    if (hash->cache == NULL || st->st_size == 0 || !is_the_listed(subject, st))
        return false;
    for (size_t i = 0; i < hash->digests.count; i++)
        if (!weir__cache_find(hash->cache, st, algorithm(hash, i), hash->file.digest[i],
                              hash->digests.bytes[i]))
            return false;
    hash->file.bytes = (uint64_t)st->st_size;
    return true;
}

static void add_to_cache(struct hash *hash, const struct stat *st)
{
    if (hash->cache == NULL || hash->file.bytes != (uint64_t)st->st_size)
        return;
    for (size_t i = 0; i < hash->digests.count; i++)
        weir__cache_add(hash->cache, st, algorithm(hash, i), hash->file.digest[i],
                        hash->digests.bytes[i]);
}

static enum status read_once(struct hash *hash, struct subject *subject)
{
    struct stat st;
    int fd;
    enum status status = look_first(hash, subject, &st);
    if (status != STATUS_OK || find_in_cache(hash, subject, &st))
        return status;
    status = open_subject(hash, subject, &fd, &st);
    if (status != STATUS_OK)
        return status;
    if (weir__links_find(&hash->links, &st, &hash->file)) {
        close(fd);
        return STATUS_OK;
    }
    switch (weir__digests_read(&hash->digests, fd, &st, &hash->file)) {
    case DIGEST_OK:
        add_to_cache(hash, &st);
        weir__links_add(&hash->links, &st, &hash->file);
        break;
    case DIGEST_CHANGED:
        snprintf(subject->reason, REASON, "changed while it was read");
        status = STATUS_CHANGED;
        break;
    case DIGEST_TIMED_OUT:
        snprintf(subject->reason, REASON, "took longer than file_timeout");
        status = STATUS_FAILED;
        break;
    case DIGEST_UNREADABLE: status = unreadable(subject, hash->file.bytes, &st); break;
    }
    close(fd);
    return status;
}

/* What the listing says that settles it. */
static bool is_settled(struct subject *subject, enum status *ret)
{
    const struct weir_value *error = &subject->known[ERROR], *type = &subject->known[TYPE];
    mode_t mode = type->data == NULL ? 0 : weir__file_type_find(type->data, type->length);
    if (error->data != NULL) {
        snprintf(subject->reason, REASON, "%.*s", (int)error->length, error->data);
        *ret = STATUS_FAILED;
    } else if (mode != 0 && mode != S_IFREG) {
        *ret = refuse_type(subject, mode);
    } else {
        return false;
    }
    return true;
}

static enum status read_subject(struct hash *hash, struct subject *subject)
{
    enum status status;
    if (is_settled(subject, &status))
        return status;
    status = read_once(hash, subject);
    for (useconds_t i = 1;
         status == STATUS_CHANGED && hash->on_change == ON_CHANGE_RETRY && i <= RETRIES; i++) {
        usleep((useconds_t)RETRY_US << i);
        status = read_once(hash, subject);
    }
    return status;
}

/* ---- records ---- */

/* The worker's standard error is where the run's messages come from. */
static void tell(const struct subject *subject, enum status status)
{
    char *name = weir__name_text(subject->path, strlen(subject->path));
    fprintf(stderr, "%s: %s%s\n", name == NULL ? "(a file)" : name,
            status == STATUS_SKIPPED ? "skipped, " : "", subject->reason);
    free(name);
}

static int add_record(struct weir_stage *stage, const struct weir_batch *in, uint32_t record)
{
    struct hash *hash = stage->self;
    struct records *records = &hash->records;
    struct subject subject = {0};
    for (enum known k = 0; k < KNOWN; k++)
        if (hash->known[k] >= 0)
            subject.known[k] = weir_value(&in->column[hash->known[k]], record);
    const struct weir_value *path = &subject.known[PATH];
    subject.path = strndup(path->data == NULL ? "" : path->data, path->length);
    if (subject.path == NULL)
        return WEIR_EOS;
    enum status status = read_subject(hash, &subject);
    int rc = weir__records_set(records, ADDED_STATUS, status_names[status],
                               strlen(status_names[status]));
    if (status == STATUS_OK) {
        rc |= weir__records_set_number(records, ADDED_BYTES, hash->file.bytes);
        for (uint32_t i = 0; i < hash->digests.count; i++) {
            char text[DIGEST_TEXT];
            size_t n = weir__digests_text(&hash->digests, i, &hash->file, text);
            rc |= weir__records_set(records, ADDED_DIGEST + i, text, n);
        }
    } else {
        rc |= weir__records_set(records, ADDED_ERROR, subject.reason, strlen(subject.reason));
        tell(&subject, status);
        stage->count.failed += status != STATUS_SKIPPED;
    }
    weir__records_end(records);
    free(subject.path);
    return rc;
}

static void hash_locate(const struct weir_batch *batch, uint32_t record, struct weir_position *ret)
{
    const struct hash *hash = batch->locate_context;
    hash->in->locate(hash->in, hash->first + record, ret);
}

/* The input's columns as they are, from `first` on, but for those that are made here. */
static const struct weir_column *join_columns(struct weir_stage *stage, const struct weir_batch *in)
{
    struct hash *hash = stage->self;
    const struct weir_column *added = weir__records_columns(&hash->records, hash->wanted);
    for (uint32_t c = 0; c < stage->in->columns; c++) {
        hash->column[c] = in->column[c];
        if (in->column[c].entry != NULL)
            hash->column[c].entry = stage->needed[c] ? in->column[c].entry + hash->first : NULL;
    }
    for (size_t a = 0; a < ADDED_DIGEST + hash->digests.count; a++)
        hash->column[hash->place[a]] = added[a];
    return hash->column;
}

static int hash_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                        struct weir_output *out)
{
    struct hash *hash = stage->self;
    uint32_t record = hash->first = (uint32_t)*cursor;
    hash->in = in;
    weir__records_clear(&hash->records);
    for (; record < in->records && hash->records.count < CALL_RECORDS; record++)
        if (add_record(stage, in, record) < 0)
            return weir_fail(stage, WEIR_EOS, "no memory for a batch");
    char error[CACHE_ERROR];
    if (hash->cache != NULL && !weir__cache_commit(hash->cache, error))
        return weir_fail(stage, WEIR_EIO, "cannot use the cache '%s': %s", hash->cache_path, error);
    out->batch = (struct weir_batch){.records = hash->records.count,
                                     .columns = hash->columns,
                                     .column = join_columns(stage, in),
                                     .origin = in->origin,
                                     .locate = in->locate == NULL ? NULL : hash_locate,
                                     .locate_context = hash};
    *cursor = record < in->records ? record : UINT64_MAX;
    return 0;
}

static void hash_close(struct weir_stage *stage)
{
    struct hash *hash = stage->self;
    if (hash == NULL)
        return;
    if (hash->root >= 0)
        close(hash->root);
    weir__cache_close(hash->cache);
    weir__links_close(&hash->links);
    weir__digests_close(&hash->digests);
    weir__records_release(&hash->records);
    free(hash->place);
    free(hash->wanted);
    free(hash->column);
    free(hash);
    stage->self = NULL;
}

const struct weir_stage_type weir_file_hash = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "file.hash",
    .summary = "makes the digests of files",
    .doc =
        "Reads the file that the column `path` names, and adds the columns bytes (read), status, "
        "error and digest; with several algorithms a column named after each instead of "
        "digest. They are made in one read.\n\n"
        "Every record is passed on. status is ok; changed, if the file was not the same before "
        "and after; failed, if it could not be read; or skipped, if it has no content that "
        "ends: a FIFO, a socket, a device. error says why, and so does a message. Digests are "
        "null then. What changed or failed is counted as failed.\n\n"
        "Of records that file.list made, the file must be the one that was listed, by device "
        "and inode, and what the listing could not look at has failed.\n\n"
        "A file with several links is read once by each worker, while it stays as it was and they "
        "come "
        "within some thousands of such files; with a cache once by all.\n\n"
        "With a cache, a file whose device, inode, size, mtime and ctime are those of one that was "
        "read before gets its digest from there; bytes is its size then. What has been read is in "
        "the cache at once, so that a run that was stopped or killed goes on where it was, and "
        "further links to a file are not read again. A file that changed within the last seconds "
        "is read, but not kept. The cache is a database of SQLite, which several runs may use at "
        "once. It must not be on a network file system.",
    .options = options,
    .traits = WEIR_SANDBOX_FILES,
    .configure = hash_configure,
    .bind = hash_bind,
    .needs = hash_needs,
    .open = hash_open,
    .process = hash_process,
    .close = hash_close,
};
