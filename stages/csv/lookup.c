#include "csv/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv/table.h"
#include "file/choice.h"

static const struct weir_option options[] = {
    {"column", WEIR_OPT_STRING, NULL, NULL, true, "the column whose value is looked up"},
    {"path", WEIR_OPT_PATH, NULL, NULL, true, "the CSV file, with a header, to look it up in"},
    {"key", WEIR_OPT_STRING, NULL, NULL, false,
     "the file's column that has the value; without it the one that has the name of `column`"},
    {"take", WEIR_OPT_LIST, NULL, NULL, false,
     "the file's columns to add; without it all but the key"},
    {"missing", WEIR_OPT_ENUM, "set_null", "set_null|reject", false,
     "what a record is whose value is not in the file"},
    {"delimiter", WEIR_OPT_CHAR, ",", NULL, false, "what stands between the file's fields"},
    {0}};

enum { MISSING_SET_NULL, MISSING_REJECT };

struct lookup {
    struct table table;
    uint32_t column; /* of the input */
    uint32_t *take;  /* of the table */
    uint32_t takes;
    bool rejects;

    struct choice choice;
    int64_t *row; /* of the table, for each record of the choice; -1: none */
    uint32_t rows;
};

static int no_memory(struct weir_stage *stage)
{
    return weir_fail(stage, WEIR_EOS, "out of memory");
}

/* ---- planning ---- */

static int lookup_configure(struct weir_stage *stage)
{
    struct lookup *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return no_memory(stage);
    stage->self = self;
    self->rejects = weir_option_number(stage, "missing") == MISSING_REJECT;
    return 0;
}

static int find(struct weir_stage *stage, const char *option, const char *name,
                const struct weir_schema *schema, uint32_t *ret)
{
    char note[300];
    int column = weir_schema_find(schema, name);
    const char *nearest = weir_schema_nearest(schema, name);
    const char *path = weir_option_string(stage, "path");
    snprintf(note, sizeof(note), "did you mean '%s'?", nearest == NULL ? "" : nearest);
    if (column < 0)
        return weir_option_error(stage, option, strcmp(option, "take") == 0 ? name : NULL, 0, 0,
                                 nearest == NULL ? NULL : note, "no column '%s'%s%s%s", name,
                                 schema == stage->in ? "" : " in '",
                                 schema == stage->in ? "" : path, schema == stage->in ? "" : "'");
    *ret = (uint32_t)column;
    return 0;
}

static int take_one(struct weir_stage *stage, struct lookup *self, uint32_t column,
                    struct weir_schema *ret)
{
    const char *name = self->table.schema.column[column].name;
    bool given = weir_option_given(stage, "take");
    if (weir_schema_find(ret, name) >= 0)
        return weir_option_error(stage, given ? "take" : "path", given ? name : NULL, 0, 0,
                                 "rename the one that is there before this stage, or say in "
                                 "'take' which to add",
                                 "there is a column '%s' already", name);
    self->take[self->takes++] = column;
    return weir_schema_add(ret, name, WEIR_UNTYPED) == 0 ? 0 : no_memory(stage);
}

static int bind_take(struct weir_stage *stage, struct lookup *self, struct weir_schema *ret)
{
    const char *const *name;
    size_t names = weir_option_list(stage, "take", &name);
    uint32_t columns = self->table.schema.columns, column;
    int worst = 0;
    self->takes = 0;
    free(self->take);
    self->take = calloc(columns + names, sizeof(*self->take));
    if (self->take == NULL)
        return no_memory(stage);
    for (uint32_t c = 0; names == 0 && c < columns; c++) {
        int code = c == self->table.key ? 0 : take_one(stage, self, c, ret);
        worst = code < 0 ? code : worst;
    }
    for (size_t i = 0; i < names; i++) {
        int code = find(stage, "take", name[i], &self->table.schema, &column);
        code = code < 0 ? code : take_one(stage, self, column, ret);
        worst = code < 0 ? code : worst;
    }
    return worst;
}

static int lookup_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    struct lookup *self = stage->self;
    const char *column = weir_option_string(stage, "column"), *key = column;
    uint32_t place;
    if (weir_option_given(stage, "key"))
        key = weir_option_string(stage, "key");
    if (stage->in->raw)
        return weir_fail(stage, WEIR_ECONFIG,
                         "a lookup works on records, and what comes in is text that has not been "
                         "parsed");
    if (weir_schema_copy(ret, stage->in) != 0)
        return no_memory(stage);
    int worst = find(stage, "column", column, stage->in, &self->column);
    int code = weir__table_read(
        stage, "path", (unsigned char)weir_option_number(stage, "delimiter"), &self->table);
    if (code == 0)
        code = find(stage, weir_option_given(stage, "key") ? "key" : "path", key,
                    &self->table.schema, &place);
    if (code == 0)
        code = weir__table_index(stage, "path", place, &self->table);
    if (code == 0)
        code = bind_take(stage, self, ret);
    stage->memory_bytes = table_bytes(&self->table);
    return code < 0 ? code : worst;
}

static void lookup_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct lookup *self = stage->self;
    memcpy(in_needed, stage->needed, stage->in->columns * sizeof(*in_needed));
    in_needed[self->column] = true;
}

static void lookup_close(struct weir_stage *stage)
{
    struct lookup *self = stage->self;
    if (self == NULL)
        return;
    weir__table_release(&self->table);
    free(self->take);
    free(self->row);
    weir__choice_release(&self->choice);
    free(self);
    stage->self = NULL;
}

/* ---- working ---- */

static int reserve(struct weir_stage *stage, struct lookup *self, uint32_t records)
{
    if (records <= self->rows)
        return 0;
    int64_t *row = realloc(self->row, records * sizeof(*row));
    if (row == NULL)
        return no_memory(stage);
    self->row = row;
    self->rows = records;
    return 0;
}

static int reject(struct weir_stage *stage, const struct weir_batch *in, uint32_t record,
                  struct weir_value value)
{
    const char *column = weir_option_string(stage, "column");
    const char *path = weir_option_string(stage, "path");
    if (value.data == NULL)
        return weir_reject(stage, in, record, column, "null is not in '%s'", path);
    return weir_reject(stage, in, record, column, "'%.*s%s' is not in '%s'",
                       value.length > 40 ? 40 : (int)value.length, value.data,
                       value.length > 40 ? "..." : "", path);
}

/* Finds the rows of the records from `from` on. *ret_end is where it has to stop. */
static int find_rows(struct weir_stage *stage, struct lookup *self, const struct weir_batch *in,
                     uint32_t from, uint32_t *ret_end, uint32_t *ret_kept)
{
    uint32_t kept = 0, record = from;
    for (; record < in->records; record++) {
        struct weir_value value = weir_value(&in->column[self->column], record);
        int64_t row = weir__table_find(&self->table, value);
        int verdict = row < 0 && self->rejects ? reject(stage, in, record, value) : WEIR_SET_NULL;
        if (verdict < 0 && record == from)
            return verdict;
        if (verdict < 0 || verdict == WEIR_FULL)
            break;
        self->choice.kept[kept] = record;
        self->row[kept] = row;
        kept += verdict == WEIR_SET_NULL;
    }
    *ret_end = record;
    *ret_kept = kept;
    return 0;
}

/* The columns of the file, behind those of the input. */
static void put_taken(struct weir_stage *stage, struct lookup *self, uint32_t kept)
{
    for (uint32_t t = 0; t < self->takes; t++) {
        uint32_t c = stage->in->columns + t;
        uint64_t *entry = choice_entry(&self->choice, c);
        for (uint32_t i = 0; i < kept && stage->needed[c]; i++)
            entry[i] = self->row[i] < 0
                           ? weir_entry_null()
                           : table_entry(&self->table, (uint32_t)self->row[i], self->take[t]);
        self->choice.column[c] =
            (struct weir_column){entry, self->table.heap, (uint32_t)self->table.heap_bytes};
    }
}

static int lookup_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    struct lookup *self = stage->self;
    uint32_t end = 0, kept = 0;
    int code = weir__choice_begin(stage, &self->choice, in);
    if (code == 0)
        code = reserve(stage, self, in->records);
    if (code == 0)
        code = find_rows(stage, self, in, (uint32_t)*cursor, &end, &kept);
    if (code < 0)
        return code;
    weir__choice_put(stage, &self->choice, kept, out);
    put_taken(stage, self, kept);
    *cursor = end == in->records ? UINT64_MAX : end;
    return 0;
}

const struct weir_stage_type weir_lookup = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "lookup",
    .summary = "adds columns from a small CSV file, found by a key",
    .doc =
        "Adds to each record columns of that row of a CSV file whose `key` is the value of "
        "`column`, byte for byte. The file has a header, and each key once; what it says is read "
        "before the run, so a mistake in it is found by `pipeline check`. Every worker holds the "
        "file in memory, which is part of the bound that is printed; it may have 256 MiB.\n\n"
        "A value that is not in the file, a null too, gives nulls; with `missing: reject` the "
        "record is one that `on_error` decides about.",
    .options = options,
    .traits = WEIR_REJECTS | WEIR_SANDBOX_STRICT,
    .configure = lookup_configure,
    .bind = lookup_bind,
    .needs = lookup_needs,
    .process = lookup_process,
    .close = lookup_close,
};
