#include "flow/schema_text.h"

#include <stdlib.h>
#include <string.h>

void weir__schema_write(const struct weir_schema *schema, struct buf *to)
{
    weir__buf_printf(to, "%d %u\n", schema->raw, schema->columns);
    for (uint32_t c = 0; c < schema->columns; c++) {
        const struct weir_field *column = &schema->column[c];
        weir__buf_printf(to, "%d %zu ", (int)column->type, strlen(column->name));
        weir__buf_puts(to, column->name);
        weir__buf_putc(to, '\n');
    }
    if (schema->preamble != NULL)
        weir__buf_printf(to, "=%s", schema->preamble);
}

/* Reads a number and the character behind it. False if there is none. */
static bool read_number(const char **at, unsigned long *ret)
{
    char *end;
    *ret = strtoul(*at, &end, 10);
    if (end == *at || *end == '\0')
        return false;
    *at = end + 1;
    return true;
}

static int read_column(const char **at, const char *end, struct weir_schema *ret)
{
    unsigned long type, length;
    if (!read_number(at, &type) || !read_number(at, &length) || type > WEIR_JSON ||
        length >= (size_t)(end - *at))
        return WEIR_EINTERNAL;
    char *name = strndup(*at, length);
    int code = name == NULL ? WEIR_EOS : weir_schema_add(ret, name, (enum weir_type)type);
    free(name);
    *at += length + 1;
    return code;
}

int weir__schema_read(const char *text, struct weir_schema *ret)
{
    const char *at = text, *end = text + strlen(text);
    unsigned long raw, columns;
    *ret = (struct weir_schema){0};
    if (!read_number(&at, &raw) || !read_number(&at, &columns))
        return WEIR_EINTERNAL;
    ret->raw = raw != 0;
    int code = 0;
    for (unsigned long c = 0; c < columns && code == 0; c++)
        code = read_column(&at, end, ret);
    if (code == 0 && at < end && *at == '=') {
        ret->preamble = strdup(at + 1);
        ret->preamble_bytes = (size_t)(end - at) - 1;
        code = ret->preamble == NULL ? WEIR_EOS : 0;
    }
    if (code < 0)
        weir_schema_release(ret);
    return code;
}
