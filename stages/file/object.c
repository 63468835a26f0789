#include "file/object.h"

#include <string.h>

#include "file/json.h"

static char *put_value(char *to, enum weir_type type, const struct weir_value *value)
{
    char *end = NULL;
    if (value->data == NULL) {
        memcpy(to, "null", 4);
        return to + 4;
    }
    if (type == WEIR_INTEGER || type == WEIR_DECIMAL || type == WEIR_DOUBLE)
        end = weir__json_put_number(to, value->data, value->length);
    else if (type == WEIR_BOOLEAN)
        end = weir__json_put_truth(to, value->data, value->length);
    else if (type == WEIR_JSON)
        end = weir__json_put_json(to, value->data, value->length);
    return end != NULL ? end : weir__json_put_string(to, value->data, value->length);
}

bool weir__object_add(struct line *line, const struct weir_schema *schema,
                      const struct weir_batch *in, uint32_t record)
{
    for (uint32_t c = 0; c < in->columns; c++) {
        const struct weir_field *field = &schema->column[c];
        struct weir_value value = weir_value(&in->column[c], record);
        size_t name_bytes = strlen(field->name);
        if (!weir__line_reserve(line,
                                JSON_VALUE_MAX(name_bytes) + JSON_VALUE_MAX(value.length) + 2))
            return false;
        char *to = line->bytes + line->used;
        *to++ = c == 0 ? '{' : ',';
        to = weir__json_put_string(to, field->name, name_bytes);
        *to++ = ':';
        to = put_value(to, field->type, &value);
        line->used = (size_t)(to - line->bytes);
    }
    return weir__line_add(line, in->columns == 0 ? "{}\n" : "}\n", in->columns == 0 ? 3 : 2);
}
