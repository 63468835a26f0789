#include "hash/manifest.h"

#include <stdlib.h>
#include <string.h>

int weir__manifest_column(struct weir_stage *stage, const char *name, uint32_t *ret)
{
    int found = weir_schema_find(stage->in, name);
    if (found < 0)
        return weir_fail(stage, WEIR_ECONFIG, "it wants a column '%s', and there is none", name);
    *ret = (uint32_t)found;
    return 0;
}

bool weir__manifest_line_reserve(struct manifest_line *line, size_t more)
{
    if (line->used + more <= line->capacity)
        return true;
    size_t capacity = 2 * (line->used + more);
    char *bytes = realloc(line->bytes, capacity);
    if (bytes == NULL)
        return false;
    line->bytes = bytes;
    line->capacity = capacity;
    return true;
}

bool weir__manifest_line_put(const struct manifest_line *line, size_t *done,
                             struct weir_output *out)
{
    size_t rest = line->used - *done, room = out->capacity - out->used;
    size_t n = rest < room ? rest : room;
    memcpy(out->bytes + out->used, line->bytes + *done, n);
    out->used += n;
    *done += n;
    if (n < rest)
        return false;
    *done = 0;
    out->records++;
    return true;
}
