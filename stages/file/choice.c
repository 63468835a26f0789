#include "file/choice.h"

#include <stdlib.h>

int weir__choice_begin(struct weir_stage *stage, struct choice *choice, const struct weir_batch *in)
{
    choice->in = in;
    if (in->records <= choice->capacity && choice->column != NULL)
        return 0;
    weir__choice_release(choice);
    choice->in = in;
    choice->kept = calloc(in->records + 1u, sizeof(*choice->kept));
    choice->entry =
        calloc((size_t)(in->records + 1u) * (stage->out->columns + 1u), sizeof(*choice->entry));
    choice->column = calloc(stage->out->columns + 1u, sizeof(*choice->column));
    if (choice->kept == NULL || choice->entry == NULL || choice->column == NULL)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    choice->capacity = in->records;
    return 0;
}

static void choice_locate(const struct weir_batch *batch, uint32_t record,
                          struct weir_position *ret)
{
    const struct choice *choice = batch->locate_context;
    choice->in->locate(choice->in, choice->kept[record], ret);
}

void weir__choice_put(struct weir_stage *stage, struct choice *choice, uint32_t records,
                      struct weir_output *out)
{
    const struct weir_batch *in = choice->in;
    for (uint32_t c = 0; c < stage->out->columns; c++) {
        choice->column[c] = (struct weir_column){0};
        if (c >= in->columns || !stage->needed[c] || in->column[c].entry == NULL)
            continue;
        const struct weir_column *from = &in->column[c];
        uint64_t *entry = choice_entry(choice, c);
        for (uint32_t i = 0; i < records; i++)
            entry[i] = from->entry[choice->kept[i]];
        choice->column[c] = (struct weir_column){entry, from->heap, from->heap_bytes};
    }
    out->batch = (struct weir_batch){.records = records,
                                     .columns = stage->out->columns,
                                     .column = choice->column,
                                     .locate = in->locate == NULL ? NULL : choice_locate,
                                     .locate_context = choice};
}

void weir__choice_release(struct choice *choice)
{
    free(choice->kept);
    free(choice->entry);
    free(choice->column);
    *choice = (struct choice){0};
}
