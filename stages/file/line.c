#include "file/line.h"

#include <stdlib.h>
#include <string.h>

bool weir__line_reserve(struct line *line, size_t more)
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

bool weir__line_add(struct line *line, const char *bytes, size_t n)
{
    if (!weir__line_reserve(line, n))
        return false;
    memcpy(line->bytes + line->used, bytes, n);
    line->used += n;
    return true;
}

bool weir__line_put(const struct line *line, size_t *done, struct weir_output *out)
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
