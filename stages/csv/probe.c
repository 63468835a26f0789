/* What csv.cut finds out before the run: the columns, and where each file's rows begin. */
#include "csv/read.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "csv/head.h"
#include "csv/infer.h"
#include "file/input.h"
#include "file/source.h"
#include "file/split.h"
#include "file/text.h"

/* ---- the schema ---- */

static int name_columns(struct weir_stage *stage, const struct csv_head *head,
                        struct weir_schema *schema)
{
    const char *const *name;
    size_t names = weir_option_list(stage, "names", &name);
    uint32_t fields = head->fields.columns;
    char made[32];
    if (names == 0 && fields == 0 && head->used == head->begin)
        return weir_fail(stage, WEIR_EDATA,
                         "%s is empty: without a header its columns can be told only with names",
                         weir__text_input(head->path));
    if (names == 0 && fields == 0)
        fields = 1; /* blank lines only: records of one column */
    for (uint32_t i = 0; i < (names > 0 ? names : fields); i++) {
        snprintf(made, sizeof(made), "column_%" PRIu32, i + 1);
        if (weir_schema_add(schema, names > 0 ? name[i] : made, WEIR_UNTYPED) < 0)
            return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    }
    return 0;
}

/* Adds the columns that are new. */
static int make_schema(struct weir_stage *stage, const struct csv_head *head,
                       struct weir_schema *schema)
{
    if (!head->dialect.header)
        return name_columns(stage, head, schema);
    int rc = weir__csv_head_check_delimiter(stage, head);
    if (rc == 0 && schema->columns == 0 && weir_schema_copy(schema, &head->fields) < 0)
        rc = weir_fail(stage, WEIR_EOS, "no memory for the columns");
    for (uint32_t i = 0; rc == 0 && i < head->fields.columns; i++) {
        const char *name = head->fields.column[i].name;
        bool known = i < schema->columns && strcmp(schema->column[i].name, name) == 0;
        if (!known && weir_schema_find(schema, name) < 0 &&
            weir_schema_add(schema, name, WEIR_UNTYPED) < 0)
            rc = weir_fail(stage, WEIR_EOS, "no memory for the columns");
    }
    return rc;
}

/* ---- several files ---- */

/* Adds the names of one schema that the other lacks to text. Returns how many there are, and the
 * last of them. */
static size_t list_missing(const struct weir_schema *has, const struct weir_schema *lacks,
                           const char *verb, char *text, size_t bytes, const char **ret_last)
{
    size_t missing = 0;
    for (uint32_t i = 0; i < has->columns; i++) {
        const char *name = has->column[i].name;
        if (weir_schema_find(lacks, name) >= 0)
            continue;
        size_t used = strlen(text);
        if (missing < 5)
            snprintf(text + used, bytes - used, "%s '%s'", missing == 0 ? verb : ",", name);
        *ret_last = name;
        missing++;
    }
    return missing;
}

static int columns_differ(struct weir_stage *stage, const struct weir_probe *probe,
                          const struct csv_head *head)
{
    char lacks[300] = "", has[300] = "";
    const char *lacked = NULL, *other = NULL;
    size_t lacking =
        list_missing(&probe->schema, &head->fields, "lacks", lacks, sizeof(lacks), &lacked);
    size_t more = list_missing(&head->fields, &probe->schema, "has", has, sizeof(has), &other);
    const char *near = lacking == 1 ? weir_schema_nearest(&head->fields, lacked) : NULL;
    bool meant = more == 1 && near != NULL && strcmp(near, other) == 0;
    return weir_fail(stage, WEIR_EDATA, "%s has other columns than %s: %s%s%s%s",
                     weir__text_input(head->path), weir__text_input(probe->file[0]), lacks,
                     lacking > 0 && more > 0 ? ", " : "", has, meant ? " (did you mean it?)" : "");
}

struct place {
    const char *name;
    uint32_t index;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->name, ((const struct place *)b)->name);
}

/* Writes which column each field of the header is. 1: there is no such column. */
static int write_order(const struct weir_schema *schema, const struct weir_schema *header, FILE *to)
{
    struct place *sorted = calloc(schema->columns + 1u, sizeof(*sorted));
    if (sorted == NULL)
        return WEIR_EOS;
    for (uint32_t i = 0; i < schema->columns; i++)
        sorted[i] = (struct place){schema->column[i].name, i};
    qsort(sorted, schema->columns, sizeof(*sorted), by_name);
    int rc = 0;
    for (uint32_t i = 0; i < header->columns && rc == 0; i++) {
        struct place key = {.name = header->column[i].name};
        const struct place *found =
            bsearch(&key, sorted, schema->columns, sizeof(*sorted), by_name);
        if (found == NULL)
            rc = 1;
        else
            fprintf(to, " %" PRIu32, found->index);
    }
    free(sorted);
    return rc;
}

/* Of as many columns. */
static bool same_order(const struct weir_schema *a, const struct weir_schema *b)
{
    bool same = true;
    for (uint32_t i = 0; same && i < a->columns; i++)
        same = strcmp(a->column[i].name, b->column[i].name) == 0;
    return same;
}

/* ---- one file ---- */

static int check_head(struct weir_stage *stage, const struct csv_head *head)
{
    if (!head->dialect.header)
        return 0;
    const char *path = weir__text_input(head->path);
    if (head->used == head->begin)
        return weir_fail(stage, WEIR_EDATA, "%s is empty: not even a header", path);
    if (head->row == head->row_end)
        return weir_fail(stage, WEIR_EDATA, "%s has no header: its lines are all blank", path);
    return weir__csv_head_check_names(stage, head);
}

static int write_layout(struct weir_stage *stage, const struct weir_probe *probe,
                        const struct csv_head *head, FILE *to)
{
    bool header = head->dialect.header;
    fprintf(to, "%c %" PRIu64 " %zu %" PRIu64, strcmp(head->path, "-") == 0 ? 'i' : 'f', head->size,
            header ? head->row_end : head->begin, header ? head->lines : head->skipped);
    bool unites = weir_option_number(stage, "union_by_name") == 1;
    int rc = 0;
    if (header && !unites && probe->schema.columns != head->fields.columns)
        rc = 1;
    else if (header && (unites || !same_order(&probe->schema, &head->fields)))
        rc = write_order(&probe->schema, &head->fields, to);
    fputc('\n', to);
    if (rc > 0)
        return columns_differ(stage, probe, head);
    return rc < 0 ? weir_fail(stage, WEIR_EOS, "no memory for the columns") : 0;
}

/* Types for the columns, and the guess for those who ask for it. */
static int set_types(struct weir_stage *stage, struct weir_probe *probe,
                     const struct inferred *inferred, const struct csv_head *head)
{
    size_t bytes;
    FILE *to = open_memstream(&probe->guess, &bytes);
    weir__csv_inferred_set(inferred, head, &probe->schema);
    bool good = to != NULL && weir__csv_inferred_print(stage, inferred, head, &probe->schema, to);
    if (to != NULL)
        good &= fclose(to) == 0;
    return good ? 0 : weir_fail(stage, WEIR_EOS, "no memory to infer types");
}

/* The schema of the first file, and with union_by_name of the others. */
static int take_head(struct weir_stage *stage, struct weir_probe *probe, struct csv_head *head,
                     FILE *to)
{
    struct inferred inferred = {0};
    bool infers = head->infer > 0;
    int rc = infers ? weir__csv_infer_types(stage, head, &inferred) : 0;
    if (rc == 0 && infers)
        fprintf(to, CSV_GUESSED "%d %d %d\n", head->dialect.delimiter, head->dialect.quote,
                head->dialect.header);
    if (rc == 0)
        rc = check_head(stage, head);
    if (rc == 0 && (probe->schema.columns == 0 || weir_option_number(stage, "union_by_name") == 1))
        rc = make_schema(stage, head, &probe->schema);
    if (rc == 0 && infers)
        rc = set_types(stage, probe, &inferred, head);
    weir__csv_inferred_release(&inferred);
    return rc;
}

/* The dialect is told, or that of the file before; with `infer` the first tells it. */
static int probe_file(struct weir_stage *stage, struct weir_probe *probe, size_t file,
                      struct csv_dialect *dialect, FILE *to, bool *unknown)
{
    struct csv_head head = {.path = probe->file[file], .dialect = *dialect};
    if (file == 0 && weir_option_given(stage, "infer"))
        head.infer = (uint64_t)weir_option_number(stage, "infer");
    int rc = weir__csv_head_read(stage, &head);
    if (rc == 0)
        rc = take_head(stage, probe, &head, to);
    if (rc == 0)
        rc = write_layout(stage, probe, &head, to);
    *dialect = head.dialect;
    probe->bytes += head.size;
    *unknown |= head.size < head.used;
    if (rc == 0 && strcmp(head.path, "-") == 0) {
        probe->head = head.bytes;
        probe->head_bytes = head.used;
        head.bytes = NULL;
    }
    weir__csv_head_release(&head);
    return rc;
}

/* ---- what it leaves for the workers ---- */

static int read_layout(struct weir_stage *stage, const char *at, size_t files,
                       struct csv_layout *ret)
{
    *ret = (struct csv_layout){.files = files,
                               .file = calloc(files + 1, sizeof(*ret->file)),
                               .order = calloc(files + 1, sizeof(*ret->order))};
    if (ret->file == NULL || ret->order == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory for the list of files");
    if (at != NULL && strncmp(at, CSV_GUESSED, strlen(CSV_GUESSED)) == 0)
        at = strchrnul(at, '\n') + 1;
    for (size_t i = 0; i < files && at != NULL && *at != '\0'; i++) {
        char *rest;
        ret->file[i].standard_input = *at == 'i';
        ret->file[i].bytes = strtoull(at + 1, &rest, 10);
        ret->file[i].data_offset = strtoull(rest, &rest, 10);
        ret->file[i].data_line = strtoull(rest, &rest, 10);
        ret->order[i] = rest;
        at = strchrnul(rest, '\n');
        at += *at == '\n';
    }
    return 0;
}

int weir__csv_layout_read(struct weir_stage *stage, struct csv_layout *ret)
{
    return read_layout(stage, weir_probed(stage), weir_probed_files(stage), ret);
}

void weir__csv_layout_release(struct csv_layout *layout)
{
    free(layout->file);
    free(layout->order);
    *layout = (struct csv_layout){0};
}

/* ---- the probe ---- */

static int count_splits(struct weir_stage *stage, struct weir_probe *probe)
{
    struct csv_layout layout;
    int rc = read_layout(stage, probe->text, probe->files, &layout);
    if (rc == 0)
        probe->splits = weir__splits_count(stage, layout.file, layout.files);
    weir__csv_layout_release(&layout);
    return rc;
}

int weir__csv_probe(struct weir_stage *stage, struct weir_probe *probe)
{
    int rc = weir__input_find(stage, probe);
    if (rc < 0)
        return rc;
    size_t bytes;
    bool unknown = false;
    struct csv_dialect dialect = weir__csv_dialect(stage);
    FILE *to = open_memstream(&probe->text, &bytes);
    if (to == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory to look at the files");
    for (size_t i = 0; rc == 0 && i < probe->files; i++)
        rc = probe_file(stage, probe, i, &dialect, to, &unknown);
    if (fclose(to) != 0 && rc == 0)
        rc = weir_fail(stage, WEIR_EOS, "no memory to look at the files");
    if (unknown)
        probe->bytes = 0; /* what a pipe will bring is not known */
    return rc < 0 ? rc : count_splits(stage, probe);
}
