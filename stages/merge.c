/* merge: the records of several inputs as they come, their columns united by name. The engine puts
 * one before every stage that reads several others. */
#include "merge.h"

#include <stdlib.h>
#include <string.h>

enum { MISSING = -1 };

struct merge {
    uint32_t columns;
    int *from;                  /* inputs * columns: the column of the input, or MISSING */
    struct weir_column *column; /* of what is put out */
    uint64_t *null;             /* entries of a column that is missing */
    uint32_t nulls;
};

static const struct weir_option no_options[] = {{0}};

static int merge_configure(struct weir_stage *stage)
{
    stage->self = calloc(1, sizeof(struct merge));
    return stage->self == NULL ? weir_fail(stage, WEIR_EOS, "no memory") : 0;
}

/* Adds the columns of input i that are not there yet. */
static int unite(struct weir_stage *stage, uint32_t i, struct weir_schema *to)
{
    const struct weir_schema *in = weir_input_schema(stage, i);
    for (uint32_t c = 0; c < in->columns; c++) {
        const struct weir_field *field = &in->column[c];
        int at = weir_schema_find(to, field->name);
        if (at < 0 && weir_schema_add(to, field->name, field->type) < 0)
            return weir_fail(stage, WEIR_EOS, "no memory");
        if (at >= 0 && to->column[at].type != field->type)
            return weir_fail(stage, WEIR_ECONFIG,
                             "column '%s' is %s in one input and %s in input %u: cast one of them",
                             field->name, weir_type_name(to->column[at].type),
                             weir_type_name(field->type), i + 1);
    }
    return 0;
}

static int merge_bind(struct weir_stage *stage, struct weir_schema *ret)
{
    struct merge *merge = stage->self;
    uint32_t inputs = 0;
    for (; weir_input_schema(stage, inputs) != NULL; inputs++) {
        int code = unite(stage, inputs, ret);
        if (code < 0)
            return code;
    }
    merge->columns = ret->columns;
    merge->from = calloc((size_t)inputs * ret->columns + 1, sizeof(*merge->from));
    merge->column = calloc(ret->columns + 1, sizeof(*merge->column));
    if (merge->from == NULL || merge->column == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    for (uint32_t i = 0; i < inputs; i++)
        for (uint32_t c = 0; c < ret->columns; c++)
            merge->from[i * ret->columns + c] =
                weir_schema_find(weir_input_schema(stage, i), ret->column[c].name);
    return 0;
}

static void merge_needs(struct weir_stage *stage, bool *in_needed)
{
    for (uint32_t c = 0; c < stage->in->columns; c++)
        in_needed[c] = stage->needed[weir_schema_find(stage->out, stage->in->column[c].name)];
}

static bool reserve_nulls(struct merge *merge, uint32_t records)
{
    if (records <= merge->nulls)
        return true;
    free(merge->null);
    merge->null = malloc(records * sizeof(*merge->null));
    merge->nulls = merge->null == NULL ? 0 : records;
    for (uint32_t r = 0; r < merge->nulls; r++)
        merge->null[r] = weir_entry_null();
    return merge->null != NULL;
}

static int merge_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                         struct weir_output *out)
{
    struct merge *merge = stage->self;
    const int *from = &merge->from[(size_t)in->input * merge->columns];
    if (!reserve_nulls(merge, in->records))
        return weir_fail(stage, WEIR_EOS, "no memory");
    for (uint32_t c = 0; c < merge->columns; c++)
        merge->column[c] = from[c] == MISSING
                               ? (struct weir_column){.entry = merge->null, .heap = ""}
                               : in->column[from[c]];
    out->batch = *in;
    out->batch.input = 0;
    out->batch.columns = merge->columns;
    out->batch.column = merge->column;
    *cursor = UINT64_MAX;
    return 0;
}

static void merge_close(struct weir_stage *stage)
{
    struct merge *merge = stage->self;
    if (merge == NULL)
        return;
    free(merge->from);
    free(merge->column);
    free(merge->null);
    free(merge);
    stage->self = NULL;
}

const struct weir_stage_type weir_merge = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "merge",
    .summary = "takes the records of several stages as they come",
    .doc =
        "Its inputs are a list: `inputs: [a, b]`. The columns are those of all of them, united by "
        "name; a column that an input has not is null in its records, and one that two of them "
        "have must be of one type. Each input's records keep their order; between the inputs it "
        "is arrival. It need not be written down: every stage may name several inputs, and is "
        "given what a merge would make of them.",
    .options = no_options,
    .traits = WEIR_ONE_SEAT | WEIR_SANDBOX_STRICT,
    .configure = merge_configure,
    .bind = merge_bind,
    .needs = merge_needs,
    .process = merge_process,
    .close = merge_close,
};
