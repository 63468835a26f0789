/* manifest.compare: makes the lines of a report. The cursor is as in manifest.format. */
#include "hash/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "hash/name.h"

enum { EXTRA_REPORT, EXTRA_FAIL, EXTRA_IGNORE };

struct compare {
    uint32_t path, expected, digest;
    int status, moved_to; /* -1: not there */
    bool quiet;
    int64_t extra; /* EXTRA_... */
    struct line line;
};

static int compare_configure(struct weir_stage *stage)
{
    struct compare *compare = calloc(1, sizeof(*compare));
    stage->self = compare;
    if (compare == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    compare->quiet = weir_option_number(stage, "quiet") == 1;
    compare->extra = weir_option_number(stage, "extra");
    return 0;
}

static int compare_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    struct compare *compare = stage->self;
    schema->raw = true;
    compare->status = weir_schema_find(stage->in, "status");
    compare->moved_to = weir_schema_find(stage->in, "moved_to");
    int rc = weir__manifest_column(stage, "path", &compare->path);
    if (rc == 0)
        rc = weir__manifest_column(stage, "expected", &compare->expected);
    if (rc == 0)
        rc = weir__manifest_column(stage, "digest", &compare->digest);
    return rc;
}

static void compare_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct compare *compare = stage->self;
    in_needed[compare->path] = in_needed[compare->expected] = in_needed[compare->digest] = true;
    if (compare->status >= 0)
        in_needed[compare->status] = true;
    if (compare->moved_to >= 0)
        in_needed[compare->moved_to] = true;
}

static bool same(const struct weir_value *a, const struct weir_value *b)
{
    return a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

/* What file.hash could not read it has counted; what it skipped, or was never given, was expected
 * here. */
static bool is_gone(const struct compare *compare, const struct weir_batch *in, uint32_t record)
{
    static const struct weir_value skipped = {"skipped", 7};
    struct weir_value status = {0};
    if (compare->status < 0)
        return false;
    status = weir_value(&in->column[compare->status], record);
    return status.data == NULL || same(&status, &skipped);
}

/* sha256sum --check escapes only names with a newline, unlike the manifest itself. */
static bool has_newline(const struct weir_value *name)
{
    return name->length > 0 && memchr(name->data, '\n', name->length) != NULL;
}

static bool add_name(struct line *line, const struct weir_value *name, bool escaped)
{
    if (!escaped)
        return weir__line_add(line, name->data, name->length);
    if (!weir__line_reserve(line, 2 * (size_t)name->length))
        return false;
    line->used += weir__name_escape(name->data, name->length, line->bytes + line->used);
    return true;
}

static bool make_line(struct compare *compare, const struct weir_value *name,
                      const struct weir_value *moved_to, const char *verdict)
{
    struct line *line = &compare->line;
    bool escaped = has_newline(name) || has_newline(moved_to);
    line->used = 0;
    if ((escaped && !weir__line_add(line, "\\", 1)) || !add_name(line, name, escaped))
        return false;
    if (moved_to->data != NULL &&
        (!weir__line_add(line, " -> ", 4) || !add_name(line, moved_to, escaped)))
        return false;
    return weir__line_add(line, verdict, strlen(verdict));
}

static int compare_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                           struct weir_output *out)
{
    struct compare *compare = stage->self;
    uint32_t record = (uint32_t)*cursor;
    size_t done = (size_t)(*cursor >> 32);
    for (; record < in->records; record++) {
        struct weir_value name = weir_value(&in->column[compare->path], record);
        struct weir_value expected = weir_value(&in->column[compare->expected], record);
        struct weir_value digest = weir_value(&in->column[compare->digest], record);
        struct weir_value moved_to = {0};
        if (compare->moved_to >= 0)
            moved_to = weir_value(&in->column[compare->moved_to], record);
        bool read = digest.data != NULL, extra = expected.data == NULL;
        bool moved = moved_to.data != NULL;
        bool good = read && !extra && !moved && same(&expected, &digest);
        if ((good && compare->quiet) || (extra && compare->extra == EXTRA_IGNORE))
            continue;
        if (!make_line(compare, &name, &moved_to,
                       extra   ? MANIFEST_EXTRA
                       : moved ? MANIFEST_MOVED
                       : good  ? MANIFEST_MATCHES
                       : read  ? MANIFEST_DIFFERS
                               : MANIFEST_UNREADABLE))
            return weir_fail(stage, WEIR_EOS, "no memory for a line");
        if (done > compare->line.used)
            return weir_fail(stage, WEIR_EINTERNAL, "its cursor is damaged");
        if (!weir__line_put(&compare->line, &done, out))
            break;
        stage->count.failed += extra  ? compare->extra == EXTRA_FAIL
                               : read ? !good
                                      : is_gone(compare, in, record);
    }
    *cursor = record < in->records ? (uint64_t)record | (uint64_t)done << 32 : UINT64_MAX;
    return 0;
}

static void compare_close(struct weir_stage *stage)
{
    struct compare *compare = stage->self;
    if (compare == NULL)
        return;
    free(compare->line.bytes);
    free(compare);
    stage->self = NULL;
}

const struct weir_stage_type weir_manifest_compare = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "manifest.compare",
    .summary = "makes lines of how digests compare with those expected",
    .options = weir__manifest_check_options,
    .traits = WEIR_INNER | WEIR_SANDBOX_STRICT,
    .configure = compare_configure,
    .bind = compare_bind,
    .needs = compare_needs,
    .process = compare_process,
    .close = compare_close,
};
