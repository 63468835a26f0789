#include <weir/batch.h>

#include <stdlib.h>
#include <string.h>

/* base */
#include "base/nearest.h"

static const char *const type_names[] = {
#define WEIR_TYPE(name, text) text,
    WEIR_TYPES(WEIR_TYPE)
#undef WEIR_TYPE
        NULL};

const char *weir_type_name(enum weir_type type)
{
    return type_names[type];
}

int weir_type_find(const char *name)
{
    for (int i = 0; type_names[i] != NULL; i++)
        if (strcmp(type_names[i], name) == 0)
            return i;
    return -1;
}

/* ---- names to columns: an open hash table, at most half full, of column numbers + 1 ---- */

/* FNV-1a */
static uint32_t hash(const char *name)
{
    uint32_t h = 2166136261;
    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * 16777619;
    return h;
}

/* Where the column of that name stands, or the free place where it would. */
static uint32_t *place_of(const struct weir_schema *schema, const char *name)
{
    uint32_t last = schema->places - 1, at = hash(name) & last;
    while (schema->place[at] != 0 && strcmp(schema->column[schema->place[at] - 1].name, name) != 0)
        at = (at + 1) & last;
    return &schema->place[at];
}

/* Of several columns of one name the first has the place. */
static void enter(struct weir_schema *schema, uint32_t column)
{
    uint32_t *place = place_of(schema, schema->column[column].name);
    if (*place == 0)
        *place = column + 1;
}

static int grow_places(struct weir_schema *schema)
{
    uint32_t places = schema->places == 0 ? 8 : 2 * schema->places;
    uint32_t *place = calloc(places, sizeof(*place));
    if (place == NULL)
        return WEIR_EOS;
    free(schema->place);
    schema->place = place;
    schema->places = places;
    for (uint32_t i = 0; i < schema->columns; i++)
        enter(schema, i);
    return 0;
}

/* ---- schemas ---- */

int weir_schema_add(struct weir_schema *schema, const char *name, enum weir_type type)
{
    struct weir_field *column = schema->column;
    size_t n = schema->columns;
    if (2 * n >= schema->places && grow_places(schema) != 0)
        return WEIR_EOS;
    /* Capacity doubles at each power of two, so the count alone tells it. */
    if ((n & (n - 1)) == 0)
        column = realloc(column, (n == 0 ? 1 : 2 * n) * sizeof(*column));
    if (column == NULL)
        return WEIR_EOS;
    schema->column = column;
    column[n] = (struct weir_field){.name = strdup(name), .type = type};
    if (column[n].name == NULL)
        return WEIR_EOS;
    enter(schema, schema->columns++);
    return 0;
}

int weir_schema_find(const struct weir_schema *schema, const char *name)
{
    return schema->places == 0 ? -1 : (int)*place_of(schema, name) - 1;
}

const char *weir_schema_nearest(const struct weir_schema *schema, const char *name)
{
    struct nearest nearest;
    weir__nearest_begin(&nearest, name);
    for (uint32_t i = 0; i < schema->columns; i++)
        weir__nearest_offer(&nearest, schema->column[i].name);
    return nearest.best;
}

int weir_schema_copy(struct weir_schema *to, const struct weir_schema *from)
{
    *to = (struct weir_schema){.raw = from->raw};
    for (uint32_t i = 0; i < from->columns; i++)
        if (weir_schema_add(to, from->column[i].name, from->column[i].type) < 0)
            goto fail;
    if (from->preamble != NULL) {
        to->preamble = malloc(from->preamble_bytes + 1);
        if (to->preamble == NULL)
            goto fail;
        memcpy(to->preamble, from->preamble, from->preamble_bytes);
        to->preamble[from->preamble_bytes] = '\0';
        to->preamble_bytes = from->preamble_bytes;
    }
    return 0;
fail:
    weir_schema_release(to);
    return WEIR_EOS;
}

void weir_schema_release(struct weir_schema *schema)
{
    for (uint32_t i = 0; i < schema->columns; i++)
        free(schema->column[i].name);
    free(schema->column);
    free(schema->place);
    free(schema->preamble);
    *schema = (struct weir_schema){0};
}
