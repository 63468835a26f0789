#include "stage/option.h"

/* base */
#include "base/nearest.h"

const char *weir__nearest(const char *name, const char *const *names)
{
    struct nearest nearest;
    weir__nearest_begin(&nearest, name);
    for (; *names != NULL; names++)
        weir__nearest_offer(&nearest, *names);
    return nearest.best;
}
