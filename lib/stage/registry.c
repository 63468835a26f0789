#include "stage/registry.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* base */
#include "base/nearest.h"
/* stage */
#include "stage/check.h"

/* Sorted by name. Filled before anything else runs. */
static struct {
    const struct weir_stage_type **type;
    size_t count, capacity;
} registry;

/* The place of name in the registry, or where it would stand. */
static size_t place_of(const char *name, bool *ret_found)
{
    size_t low = 0, high = registry.count;
    *ret_found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(registry.type[middle]->name, name);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int insert(const struct weir_stage_type *type, struct weir_err *err)
{
    bool found;
    size_t at = place_of(type->name, &found);
    if (found && registry.type[at] == type)
        return 0;
    if (found)
        return weir_err_set(err, WEIR_EINTERNAL, "two stage types have the name '%s'", type->name);
    if (registry.count == registry.capacity) {
        size_t capacity = registry.capacity == 0 ? 32 : 2 * registry.capacity;
        void *grown = realloc(registry.type, capacity * sizeof(*registry.type));
        if (grown == NULL)
            return weir_err_set(err, WEIR_EOS, "out of memory");
        registry.type = grown;
        registry.capacity = capacity;
    }
    memmove(&registry.type[at + 1], &registry.type[at],
            (registry.count - at) * sizeof(*registry.type));
    registry.type[at] = type;
    registry.count++;
    return 0;
}

int weir_register(const struct weir_stage_type *const *types, struct weir_err *err)
{
    int rc = 0;
    for (; rc == 0 && *types != NULL; types++) {
        rc = weir__type_check(*types, err);
        if (rc == 0)
            rc = insert(*types, err);
        if (rc == 0 && (*types)->inner != NULL)
            rc = weir_register((*types)->inner, err);
    }
    return rc;
}

const struct weir_stage_type *weir_stage_type(const char *name)
{
    bool found;
    size_t at = place_of(name, &found);
    return found ? registry.type[at] : NULL;
}

const struct weir_stage_type *weir_stage_type_at(size_t i)
{
    for (size_t at = 0; at < registry.count; at++)
        if ((registry.type[at]->traits & WEIR_INNER) == 0 && i-- == 0)
            return registry.type[at];
    return NULL;
}

const char *weir__type_nearest(const char *name)
{
    struct nearest nearest;
    weir__nearest_begin(&nearest, name);
    for (size_t at = 0; at < registry.count; at++)
        if ((registry.type[at]->traits & WEIR_INNER) == 0)
            weir__nearest_offer(&nearest, registry.type[at]->name);
    return nearest.best;
}

uint32_t weir__type_traits(const struct weir_stage_type *type)
{
    uint32_t traits = type->traits, all = WEIR_ONE_SEAT | WEIR_SANDBOX_STRICT;
    const struct weir_stage_type *const *inner = type->inner;
    if (inner == NULL)
        return traits;
    for (size_t i = 0; inner[i] != NULL; i++) {
        uint32_t of_inner = weir__type_traits(inner[i]);
        traits |= of_inner & WEIR_REJECTS;
        traits |= i == 0 ? of_inner & WEIR_SOURCE : 0;
        traits |= inner[i + 1] == NULL ? of_inner & WEIR_SINK : 0;
        all &= of_inner;
    }
    return traits | all;
}

bool weir__is_yaml_word(const char *name)
{
    static const char *const word[] = {"y",     "n",    "yes", "no",   "on",   "off", "true",
                                       "false", "null", "~",   ".inf", ".nan", NULL};
    for (size_t i = 0; word[i] != NULL; i++)
        if (strcasecmp(word[i], name) == 0)
            return true;
    return name[0] == '\0' || strspn(name, "0123456789.-+:_") == strlen(name);
}
