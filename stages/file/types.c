#include "file/types.h"

int weir__types_check(struct weir_stage *stage)
{
    const struct weir_pair *pair;
    size_t pairs = weir_option_map(stage, "types", &pair);
    int rc = 0;
    for (size_t i = 0; i < pairs; i++) {
        if (weir_type_find(pair[i].value) < 0)
            rc = weir_option_error(stage, "types", pair[i].key, 0, 0,
                                   "types are untyped, text, integer, decimal, double, boolean, "
                                   "date, timestamp and json",
                                   "'%s' is no type", pair[i].value);
    }
    return rc;
}

int weir__types_set(struct weir_stage *stage, struct weir_schema *schema)
{
    const struct weir_pair *pair;
    size_t pairs = weir_option_map(stage, "types", &pair);
    int rc = 0;
    for (size_t i = 0; i < pairs; i++) {
        int column = weir_schema_find(schema, pair[i].key);
        if (column >= 0) {
            schema->column[column].type = (enum weir_type)weir_type_find(pair[i].value);
            continue;
        }
        const char *near = weir_schema_nearest(schema, pair[i].key);
        char note[200] = "";
        if (near != NULL)
            snprintf(note, sizeof(note), "did you mean '%s'?", near);
        rc = weir_option_error(stage, "types", pair[i].key, WEIR_OPTION_KEY, 0,
                               near != NULL ? note : NULL, "no column '%s'", pair[i].key);
    }
    return rc;
}
