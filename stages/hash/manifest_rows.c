/* Records as rows of CSV. */
#include "hash/manifest.h"

#include <string.h>

static bool wants_quotes(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strchr("\",\r\n", bytes[i]) != NULL && bytes[i] != '\0')
            return true;
    return n == 0; /* unquoted it would be null */
}

static bool add_field(struct line *line, const char *bytes, size_t n)
{
    if (!wants_quotes(bytes, n))
        return weir__line_add(line, bytes, n);
    bool all = weir__line_add(line, "\"", 1);
    for (size_t i = 0; i < n; i++)
        all = all && weir__line_add(line, &bytes[i], 1) &&
              (bytes[i] != '"' || weir__line_add(line, "\"", 1));
    return all && weir__line_add(line, "\"", 1);
}

bool weir__manifest_add_header(struct line *line, const struct weir_schema *schema)
{
    bool all = true;
    for (uint32_t c = 0; c < schema->columns; c++)
        all = all && (c == 0 || weir__line_add(line, ",", 1)) &&
              add_field(line, schema->column[c].name, strlen(schema->column[c].name));
    return all && weir__line_add(line, "\n", 1);
}

bool weir__manifest_add_row(struct line *line, const struct weir_batch *in, uint32_t record)
{
    bool all = true;
    for (uint32_t c = 0; c < in->columns; c++) {
        struct weir_value value = weir_value(&in->column[c], record);
        all = all && (c == 0 || weir__line_add(line, ",", 1)) &&
              (value.data == NULL || add_field(line, value.data, value.length));
    }
    return all && weir__line_add(line, "\n", 1);
}
