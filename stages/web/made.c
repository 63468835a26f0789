#include "web/made.h"

#include <stdlib.h>
#include <string.h>

static bool is_added(const struct made_column *added, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(added[i].name, name) == 0)
            return true;
    return false;
}

static int choose_kept(struct weir_stage *stage, struct made *made, int without,
                       const struct made_column *added, uint32_t n)
{
    const char *const *name;
    size_t names = weir_option_list(stage, "keep", &name);
    made->kept = calloc(names + stage->in->columns + 1, sizeof(*made->kept));
    if (made->kept == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    for (size_t i = 0; i < names; i++) {
        int found = weir_schema_find(stage->in, name[i]);
        if (found < 0)
            return weir_option_error(stage, "keep", name[i], 0, 0, NULL, "there is no column '%s'",
                                     name[i]);
        if (!is_added(added, n, name[i]))
            made->kept[made->keeps++] = (uint32_t)found;
    }
    for (uint32_t c = 0; !weir_option_given(stage, "keep") && c < stage->in->columns; c++)
        if ((int)c != without && !is_added(added, n, stage->in->column[c].name))
            made->kept[made->keeps++] = c;
    return 0;
}

int weir__made_bind(struct weir_stage *stage, struct made *made, int without,
                    const struct made_column *added, uint32_t n, struct weir_schema *ret)
{
    int rc = choose_kept(stage, made, without, added, n);
    if (rc < 0)
        return rc;
    for (uint32_t k = 0; k < made->keeps; k++) {
        const struct weir_field *column = &stage->in->column[made->kept[k]];
        rc |= weir_schema_add(ret, column->name, column->type);
    }
    for (uint32_t i = 0; i < n; i++)
        rc |= weir_schema_add(ret, added[i].name, added[i].type);
    return rc < 0 ? weir_fail(stage, WEIR_EOS, "no memory for the columns") : 0;
}

void weir__made_needs(const struct weir_stage *stage, const struct made *made, bool *in_needed)
{
    for (uint32_t k = 0; k < made->keeps; k++)
        if (stage->needed[k])
            in_needed[made->kept[k]] = true;
}

int weir__made_open(struct weir_stage *stage, struct made *made, uint32_t capacity)
{
    uint32_t columns = stage->out->columns;
    made->column = calloc(columns, sizeof(*made->column));
    made->entry = calloc((size_t)capacity * made->keeps + 1, sizeof(*made->entry));
    made->of = calloc(capacity, sizeof(*made->of));
    if (made->column == NULL || made->entry == NULL || made->of == NULL ||
        weir__records_init(&made->added, columns - made->keeps, capacity) < 0)
        return weir_fail(stage, WEIR_EOS, "no memory for a batch");
    return 0;
}

void weir__made_release(struct made *made)
{
    weir__records_release(&made->added);
    free(made->kept);
    free(made->entry);
    free(made->of);
    free(made->column);
}

void weir__made_begin(struct made *made, const struct weir_batch *in)
{
    made->in = in;
    weir__records_clear(&made->added);
}

bool weir__made_wants(const struct weir_stage *stage, const struct made *made, uint32_t column)
{
    return stage->needed[made->keeps + column];
}

void weir__made_end(struct made *made, uint32_t record)
{
    uint32_t at = made->added.count;
    for (uint32_t k = 0; k < made->keeps; k++) {
        const uint64_t *from = made->in->column[made->kept[k]].entry;
        if (from != NULL)
            made->entry[(size_t)k * made->added.capacity + at] = from[record];
    }
    made->of[at] = record;
    weir__records_end(&made->added);
}

static void locate(const struct weir_batch *batch, uint32_t record, struct weir_position *ret)
{
    const struct made *made = batch->locate_context;
    made->in->locate(made->in, made->of[record], ret);
}

void weir__made_batch(const struct weir_stage *stage, struct made *made, struct weir_batch *ret)
{
    for (uint32_t k = 0; k < made->keeps; k++) {
        made->column[k] = made->in->column[made->kept[k]];
        made->column[k].entry = stage->needed[k] && made->column[k].entry != NULL
                                    ? made->entry + (size_t)k * made->added.capacity
                                    : NULL;
    }
    memcpy(made->column + made->keeps,
           weir__records_columns(&made->added, stage->needed + made->keeps),
           made->added.columns * sizeof(*made->column));
    *ret = (struct weir_batch){.records = made->added.count,
                               .columns = stage->out->columns,
                               .column = made->column,
                               .origin = made->in->origin,
                               .locate = made->in->locate == NULL ? NULL : locate,
                               .locate_context = made};
}
