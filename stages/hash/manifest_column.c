#include "hash/manifest.h"

int weir__manifest_column(struct weir_stage *stage, const char *name, uint32_t *ret)
{
    int found = weir_schema_find(stage->in, name);
    if (found < 0)
        return weir_fail(stage, WEIR_ECONFIG, "it wants a column '%s', and there is none", name);
    *ret = (uint32_t)found;
    return 0;
}
