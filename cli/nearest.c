#include "nearest.h"

#include <weir/batch.h>

#include <stdio.h>

/* The library compares names of columns for the same purpose, so the names are put into a schema
 * for it. */
void nearest_note(struct weir_err *err, const char *prefix, const char *word,
                  const char *const *names)
{
    struct weir_schema schema = {0};
    for (size_t i = 0; names[i] != NULL; i++) {
        if (weir_schema_add(&schema, names[i], WEIR_TEXT) < 0)
            break;
    }
    const char *found = weir_schema_nearest(&schema, word);
    if (found != NULL)
        snprintf(err->note, sizeof(err->note), "did you mean '%s%s'?", prefix, found);
    weir_schema_release(&schema);
}
