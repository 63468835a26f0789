/* file.list: walks trees and gives a record for each file. */
#include "hash/list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "file/record.h"
#include "hash/paths.h"
#include "hash/walk.h"

/* A batch is what a worker gets at a time. It is small enough that no worker has the last one for
 * long while the others have none, and what is made of it fits a slot. */
enum { BATCH_RECORDS = 128, BATCH_HEAP_SHARE = 8 };
#define BATCH_BYTES ((uint64_t)4 << 20) /* of the files' content */

enum column { PATH, SIZE, MTIME, TYPE, DEVICE, INODE, ERROR, COLUMNS };

static const struct {
    const char *name;
    enum weir_type type;
} columns[COLUMNS] = {
    [PATH] = {"path", WEIR_TEXT},        [SIZE] = {"size", WEIR_INTEGER},
    [MTIME] = {"mtime", WEIR_TIMESTAMP}, [TYPE] = {"type", WEIR_TEXT},
    [DEVICE] = {"device", WEIR_INTEGER}, [INODE] = {"inode", WEIR_INTEGER},
    [ERROR] = {"error", WEIR_TEXT},
};

union list_state {
    struct walk_state walk;
    struct paths_state paths;
};

struct list {
    struct walk_options options;
    const char *paths_from; /* NULL: the roots are walked */
    char path_end;
    uint32_t lists; /* a bit a type */
    struct walk walk;
    struct paths paths;
    struct records records;
};

static const struct weir_option options[] = {
    {"root", WEIR_OPT_LIST, NULL, NULL, false, "the folder or folders whose files are listed"},
    {"paths_from", WEIR_OPT_PATH, NULL, NULL, false,
     "instead of root: the file whose lines are the paths of the files; \"-\" is standard input"},
    {"zero", WEIR_OPT_BOOL, "false", NULL, false,
     "the paths of paths_from end with NUL, as find -print0 writes them"},
    {"include", WEIR_OPT_LIST, NULL, NULL, false,
     "list only files like these patterns: *.jpg is for names, one with a slash for paths below "
     "the root"},
    {"exclude", WEIR_OPT_LIST, NULL, NULL, false,
     "leave out files and whole folders like these patterns"},
    {"file_types", WEIR_OPT_LIST, NULL, NULL, false,
     "what to list: file, symlink, fifo, socket, char_device, block_device; all but symlink if not "
     "given"},
    {"follow_symlinks", WEIR_OPT_BOOL, "false", NULL, false,
     "take symbolic links for what they lead to"},
    {"one_filesystem", WEIR_OPT_BOOL, "false", NULL, false,
     "do not go into folders of other file systems"},
    {"hidden", WEIR_OPT_BOOL, "true", NULL, false, "list names that begin with a dot too"},
    {"max_depth", WEIR_OPT_COUNT, NULL, "1..", false, "how deep to go; 1: only the root itself"},
    {0}};

/* ---- planning ---- */

static uint32_t type_bit(mode_t type)
{
    return 1u << (type / S_IFIFO); /* types are numbers of four bits, FIFO being 1 */
}

static int read_types(struct weir_stage *stage, struct list *list)
{
    const char *const *given;
    size_t n = weir_option_list(stage, "file_types", &given);
    list->lists = n == 0 ? ~type_bit(S_IFLNK) : 0;
    for (size_t i = 0; i < n; i++) {
        mode_t type = weir__file_type_find(given[i], strlen(given[i]));
        if (type == 0 || type == S_IFDIR)
            return weir_option_error(stage, "file_types", given[i], 0, 0,
                                     "there are file, symlink, fifo, socket, char_device and "
                                     "block_device",
                                     "'%s' cannot be listed", given[i]);
        list->lists |= type_bit(type);
    }
    return 0;
}

static int check_origin(struct weir_stage *stage, const struct list *list)
{
    if (list->paths_from != NULL && list->options.roots > 0)
        return weir_option_error(stage, "paths_from", NULL, 0, 0, NULL,
                                 "there is a root already: the files come from one of both");
    if (list->paths_from == NULL && list->options.roots == 0)
        return weir_fail(stage, WEIR_ECONFIG, "it wants a root, or paths_from");
    return 0;
}

static int list_configure(struct weir_stage *stage)
{
    struct list *list = calloc(1, sizeof(*list));
    stage->self = list;
    if (list == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    list->paths_from = weir_option_string(stage, "paths_from");
    list->path_end = weir_option_number(stage, "zero") == 1 ? '\0' : '\n';
    stage->irreplaceable = list->paths_from != NULL && strcmp(list->paths_from, "-") == 0;
    int64_t depth = weir_option_number(stage, "max_depth");
    struct walk_options *walk = &list->options;
    walk->roots = weir_option_list(stage, "root", &walk->root);
    walk->includes = weir_option_list(stage, "include", &walk->include);
    walk->excludes = weir_option_list(stage, "exclude", &walk->exclude);
    walk->max_depth = depth < 0 ? UINT64_MAX : (uint64_t)depth;
    walk->follow_symlinks = weir_option_number(stage, "follow_symlinks") == 1;
    walk->one_filesystem = weir_option_number(stage, "one_filesystem") == 1;
    walk->hidden = weir_option_number(stage, "hidden") == 1;
    int rc = check_origin(stage, list);
    return rc < 0 ? rc : read_types(stage, list);
}

static int list_probe(struct weir_stage *stage, struct weir_probe *ret)
{
    const struct list *list = stage->self;
    for (size_t i = 0; i < list->options.roots; i++)
        if (access(list->options.root[i], F_OK) < 0)
            return weir_fail_errno(stage, WEIR_ENOINPUT, "cannot list '%s'", list->options.root[i]);
    const char *from = list->paths_from;
    if (from != NULL && strcmp(from, "-") != 0 && access(from, R_OK) < 0)
        return weir_fail_errno(stage, WEIR_ENOINPUT, "cannot open '%s'", from);
    for (enum column c = 0; c < COLUMNS; c++)
        if (weir_schema_add(&ret->schema, columns[c].name, columns[c].type) < 0)
            return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    return 0;
}

/* ---- working ---- */

static int list_open(struct weir_stage *stage)
{
    struct list *list = stage->self;
    const bool *needed = stage->needed;
    list->options.look = needed[SIZE] || needed[MTIME] || needed[DEVICE] || needed[INODE];
    if (weir__records_init(&list->records, COLUMNS, BATCH_RECORDS) < 0)
        return weir_fail(stage, WEIR_EOS, "no memory for a batch");
    union list_state *state = stage->state;
    if (list->paths_from != NULL)
        return weir__paths_open(&list->paths, stage, &state->paths, list->paths_from,
                                list->path_end);
    return weir__walk_open(&list->walk, stage, &state->walk, &list->options);
}

/* What has an error is listed whatever it is. */
static bool is_listed(const struct list *list, const struct walk_entry *entry)
{
    return entry->error != 0 || (list->lists & type_bit(entry->type)) != 0;
}

static int set_text(struct records *records, enum column column, const char *text)
{
    return weir__records_set(records, column, text, strlen(text));
}

static int set_time(struct records *records, const struct timespec *at)
{
    char text[64];
    struct tm tm;
    if (gmtime_r(&at->tv_sec, &tm) == NULL)
        return 0;
    size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, sizeof(text) - n, ".%09ldZ", at->tv_nsec);
    return set_text(records, MTIME, text);
}

static int add_record(struct records *records, const bool *needed, const struct walk_entry *entry)
{
    int rc = weir__records_set(records, PATH, entry->path, entry->path_bytes);
    rc |= needed[TYPE] ? set_text(records, TYPE, weir__file_type_name(entry->type)) : 0;
    if (entry->looked) {
        rc |=
            needed[SIZE] ? weir__records_set_number(records, SIZE, (uint64_t)entry->st.st_size) : 0;
        rc |= needed[MTIME] ? set_time(records, &entry->st.st_mtim) : 0;
        rc |= needed[DEVICE] ? weir__records_set_number(records, DEVICE, entry->st.st_dev) : 0;
        rc |= needed[INODE] ? weir__records_set_number(records, INODE, entry->st.st_ino) : 0;
    }
    if (entry->error != 0)
        rc |= set_text(records, ERROR, strerror(entry->error));
    weir__records_end(records);
    return rc;
}

static int list_produce(struct weir_stage *stage, struct weir_output *out)
{
    struct list *list = stage->self;
    struct records *records = &list->records;
    uint64_t bytes = 0;
    int more = 1;
    weir__records_clear(records);
    if (list->paths_from == NULL)
        weir__walk_begin(&list->walk);
    while (records->count < BATCH_RECORDS && bytes < BATCH_BYTES &&
           records->heap_bytes < out->capacity / BATCH_HEAP_SHARE) {
        struct walk_entry entry;
        more = list->paths_from == NULL ? weir__walk_next(&list->walk, &entry)
                                        : weir__paths_next(&list->paths, &entry);
        if (more <= 0)
            break;
        if (!is_listed(list, &entry))
            continue;
        if (add_record(records, stage->needed, &entry) < 0)
            return weir_fail(stage, WEIR_EOS, "no memory for a batch");
        bytes += entry.looked ? (uint64_t)entry.st.st_size : 0;
    }
    if (more < 0)
        return more;
    out->batch = (struct weir_batch){.records = records->count,
                                     .columns = COLUMNS,
                                     .column = weir__records_columns(records, stage->needed),
                                     .origin = {.file = UINT32_MAX}};
    return more == 0 ? WEIR_DONE : WEIR_MORE;
}

static void list_close(struct weir_stage *stage)
{
    struct list *list = stage->self;
    if (list == NULL)
        return;
    weir__walk_close(&list->walk);
    weir__paths_close(&list->paths);
    weir__records_release(&list->records);
    free(list);
    stage->self = NULL;
}

const struct weir_stage_type weir_file_list = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "file.list",
    .summary = "lists the files of folders",
    .doc = "Walks folders and gives a record for each file: path, as the root and what is below "
           "it; size; mtime; type; device and inode; error. Folders themselves are not listed. "
           "What cannot be looked at, and a folder that cannot be read, is a record too, whose "
           "error says why.\n\n"
           "No symbolic link is followed unless follow_symlinks says so: then one that leads to a "
           "folder above it, or nowhere, is a record with an error. Names may hold any bytes. "
           "What comes into a folder or goes while it is walked is listed or not.\n\n"
           "With paths_from nothing is walked: each path of the list is a record, in the list's "
           "order. Links are followed, and a folder is a record with an error; of the options that "
           "choose files only file_types counts.",
    .options = options,
    .traits = WEIR_SOURCE | WEIR_ONE_SEAT | WEIR_NO_FUSE | WEIR_SANDBOX_FILES,
    .state_bytes = sizeof(union list_state),
    .configure = list_configure,
    .probe = list_probe,
    .open = list_open,
    .produce = list_produce,
    .close = list_close,
};
