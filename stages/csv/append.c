/* if_exists: append - what is appended must have the columns that the file's header names. */
#include "csv/write.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/input.h"

#define PIECE ((size_t)64 << 10)

/* The header of the file as it is. */
struct header {
    struct weir_schema names;
    bool ended, failed;
};

static void take_name(void *bytes, size_t length, void *context)
{
    struct header *header = context;
    char *name = header->ended ? NULL : strndup(length == 0 ? "" : bytes, length);
    if (!header->ended && (name == NULL || weir_schema_add(&header->names, name, WEIR_UNTYPED) < 0))
        header->failed = true;
    free(name);
}

static void end_row(int c, void *context)
{
    struct header *header = context;
    (void)c;
    header->ended = true;
}

static int never_space(unsigned char c)
{
    (void)c;
    return 0;
}

static int read_header(struct weir_stage *stage, const char *path, int fd, struct header *header)
{
    struct csv_parser parser;
    uint64_t offset = 0;
    ssize_t got = 0;
    char *piece = malloc(PIECE);
    csv_init(&parser, 0);
    csv_set_delim(&parser, (unsigned char)weir_option_number(stage, "delimiter"));
    csv_set_space_func(&parser, never_space);
    header->failed = piece == NULL;
    while (!header->ended && !header->failed && offset <= weir_max_record(stage) &&
           (got = weir__input_pread(fd, piece, PIECE, offset)) > 0) {
        size_t mark = offset == 0 && got >= 3 && memcmp(piece, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        size_t n = (size_t)got - mark;
        header->failed |= csv_parse(&parser, piece + mark, n, take_name, end_row, header) != n;
        offset += (uint64_t)got;
    }
    if (!header->ended && !header->failed)
        header->failed = csv_fini(&parser, take_name, end_row, header) != 0;
    csv_free(&parser);
    free(piece);
    if (got < 0)
        return weir_fail_errno(stage, WEIR_EIO, "cannot read '%s'", path);
    return header->failed ? weir_fail(stage, WEIR_EOS, "no memory for the header of '%s'", path)
                          : 0;
}

/* Adds the names of one schema that the other lacks to text. Returns how many there are. */
static size_t list_missing(const struct weir_schema *has, const struct weir_schema *lacks,
                           const char *verb, char *text, size_t bytes)
{
    size_t missing = 0;
    for (uint32_t i = 0; i < has->columns; i++) {
        size_t used = strlen(text);
        if (weir_schema_find(lacks, has->column[i].name) >= 0)
            continue;
        if (missing++ < 5)
            snprintf(text + used, bytes - used, "%s%s'%.60s'", used > 0 ? ", " : "",
                     missing == 1 ? verb : "", has->column[i].name);
    }
    return missing;
}

static int columns_differ(struct weir_stage *stage, const char *path,
                          const struct weir_schema *header)
{
    char lists[700] = "";
    if (header->columns == 0)
        return weir_fail(stage, WEIR_EDATA,
                         "cannot append to '%s': it has no header, its lines are all blank", path);
    size_t missing = list_missing(stage->in, header, "it lacks ", lists, sizeof(lists));
    missing += list_missing(header, stage->in, "it has ", lists, sizeof(lists));
    if (missing == 0)
        return weir_fail(
            stage, WEIR_EDATA,
            "cannot append to '%s': its columns stand in another order, which `select` "
            "of a transform can give the records too",
            path);
    return weir_fail(stage, WEIR_EDATA,
                     "cannot append to '%s': its header names other columns than the records have: "
                     "%s",
                     path, lists);
}

static bool same_columns(const struct weir_schema *a, const struct weir_schema *b)
{
    bool same = a->columns == b->columns;
    for (uint32_t i = 0; same && i < a->columns; i++)
        same = strcmp(a->column[i].name, b->column[i].name) == 0;
    return same;
}

int weir__csv_append_check(struct weir_stage *stage)
{
    const char *path = weir_option_string(stage, "path");
    struct header header = {0};
    struct stat st;
    int rc = 0;
    if (weir_option_number(stage, "if_exists") != CSV_IF_EXISTS_APPEND ||
        weir_option_number(stage, "header") == 0 || strcmp(path, "-") == 0 || stat(path, &st) < 0 ||
        !S_ISREG(st.st_mode) || st.st_size == 0)
        return 0;
    int fd = (int)TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_CLOEXEC));
    if (fd < 0)
        return 0; /* file.write says so */
    rc = read_header(stage, path, fd, &header);
    close(fd);
    if (rc == 0 && !same_columns(&header.names, stage->in))
        rc = columns_differ(stage, path, &header.names);
    weir_schema_release(&header.names);
    return rc;
}
