#include "kept/columns.h"

#include <stdio.h>
#include <stdlib.h>

static int find_one(struct weir_stage *stage, const char *option, const char *name, uint32_t *ret,
                    struct weir_schema *schema)
{
    char note[300];
    int column = weir_schema_find(stage->in, name);
    const char *nearest = weir_schema_nearest(stage->in, name);
    snprintf(note, sizeof(note), "did you mean '%s'?", nearest == NULL ? "" : nearest);
    if (column < 0)
        return weir_option_error(stage, option, name, 0, 0, nearest == NULL ? NULL : note,
                                 "no column '%s'", name);
    if (weir_schema_find(schema, name) >= 0)
        return weir_option_error(stage, option, name, 0, 0, NULL, "column '%s' is listed twice",
                                 name);
    *ret = (uint32_t)column;
    return weir_schema_add(schema, name, stage->in->column[column].type) == 0
               ? 0
               : weir_fail(stage, WEIR_EOS, "out of memory");
}

int weir__columns_find(struct weir_stage *stage, const char *option, uint32_t **ret,
                       size_t *ret_count, struct weir_schema *schema)
{
    const char *const *name;
    size_t count = weir_option_list(stage, option, &name);
    int worst = 0;
    free(*ret);
    *ret_count = 0;
    *ret = calloc(count + 1, sizeof(**ret));
    if (*ret == NULL)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    for (size_t i = 0; i < count; i++) {
        int code = find_one(stage, option, name[i], &(*ret)[i], schema);
        worst = code < 0 ? code : worst;
    }
    *ret_count = worst == 0 ? count : 0;
    return worst;
}
