/*
 * manifest.format: makes the lines of a manifest. The cursor is the record to go on with in its low
 * 32 bits, and above them how many bytes of that record's line were put out already.
 */
#include "hash/manifest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "file/object.h"
#include "hash/name.h"

enum kind { SHA256SUM, BSD, CSV, JSON };

struct format {
    enum kind kind;
    uint32_t path, digest; /* columns; not of CSV and JSON, which take all */
    bool zero;
    char tag[64]; /* "SHA256 (" */
    struct line line;
};

static bool takes_all(const struct format *format)
{
    return format->kind == CSV || format->kind == JSON;
}

static int format_configure(struct weir_stage *stage)
{
    struct format *format = calloc(1, sizeof(*format));
    stage->self = format;
    if (format == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    format->kind = (enum kind)weir_option_number(stage, "format");
    format->zero = weir_option_number(stage, "zero") == 1;
    if (format->zero && takes_all(format))
        return weir_option_error(stage, "zero", NULL, 0, 0, NULL,
                                 "lines of CSV and JSON cannot end with NUL");
    snprintf(format->tag, sizeof(format->tag), "%.60s (", weir_option_string(stage, "algorithm"));
    for (char *at = format->tag; *at != '\0'; at++)
        *at = (char)toupper((unsigned char)*at);
    return 0;
}

static int make_header(struct weir_stage *stage, struct weir_schema *schema)
{
    struct line header = {0};
    if (!weir__manifest_add_header(&header, stage->in)) {
        free(header.bytes);
        return weir_fail(stage, WEIR_EOS, "no memory for the header");
    }
    schema->preamble = header.bytes;
    schema->preamble_bytes = header.used;
    return 0;
}

static int format_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    struct format *format = stage->self;
    schema->raw = true;
    int rc = 0;
    if (!takes_all(format))
        rc = weir__manifest_column(stage, "path", &format->path);
    if (rc == 0 && format->kind == CSV)
        rc = make_header(stage, schema);
    if (rc == 0 && !takes_all(format))
        rc = weir__manifest_column(stage, weir_option_string(stage, "column"), &format->digest);
    return rc;
}

static void format_needs(struct weir_stage *stage, bool *in_needed)
{
    const struct format *format = stage->self;
    for (uint32_t c = 0; c < stage->in->columns; c++)
        in_needed[c] = takes_all(format) || c == format->path || c == format->digest;
}

static char *put(char *to, const char *from, size_t n)
{
    memcpy(to, from, n);
    return to + n;
}

static char *put_name(const struct format *format, char *to, const struct weir_value *name)
{
    return format->zero ? put(to, name->data, name->length)
                        : to + weir__name_escape(name->data, name->length, to);
}

static bool add_sum(struct format *format, const struct weir_value *name,
                    const struct weir_value *digest)
{
    struct line *line = &format->line;
    if (!weir__line_reserve(line,
                            2 * (size_t)name->length + digest->length + sizeof(format->tag) + 16))
        return false;
    char *at = line->bytes + line->used;
    if (!format->zero && weir__name_is_escaped(name->data, name->length))
        *at++ = '\\';
    if (format->kind == BSD) {
        at = put(at, format->tag, strlen(format->tag));
        at = put_name(format, at, name);
        at = put(at, ") = ", 4);
        at = put(at, digest->data, digest->length);
    } else {
        at = put(at, digest->data, digest->length);
        at = put(at, "  ", 2);
        at = put_name(format, at, name);
    }
    *at++ = format->zero ? '\0' : '\n';
    line->used = (size_t)(at - line->bytes);
    return true;
}

/* The line is left empty where the record has none. */
static bool make_line(const struct weir_stage *stage, const struct weir_batch *in, uint32_t record)
{
    struct format *format = stage->self;
    format->line.used = 0;
    if (format->kind == CSV)
        return weir__manifest_add_row(&format->line, in, record);
    if (format->kind == JSON)
        return weir__object_add(&format->line, stage->in, in, record);
    struct weir_value name = weir_value(&in->column[format->path], record);
    struct weir_value digest = weir_value(&in->column[format->digest], record);
    return name.data == NULL || digest.data == NULL || add_sum(format, &name, &digest);
}

static int format_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    struct format *format = stage->self;
    uint32_t record = (uint32_t)*cursor;
    size_t done = (size_t)(*cursor >> 32);
    for (; record < in->records; record++) {
        if (!make_line(stage, in, record))
            return weir_fail(stage, WEIR_EOS, "no memory for a line");
        if (format->line.used == 0) {
            stage->count.dropped++;
            continue;
        }
        if (done > format->line.used)
            return weir_fail(stage, WEIR_EINTERNAL, "its cursor is damaged");
        if (!weir__line_put(&format->line, &done, out))
            break;
    }
    *cursor = record < in->records ? (uint64_t)record | (uint64_t)done << 32 : UINT64_MAX;
    return 0;
}

static void format_close(struct weir_stage *stage)
{
    struct format *format = stage->self;
    if (format == NULL)
        return;
    free(format->line.bytes);
    free(format);
    stage->self = NULL;
}

const struct weir_stage_type weir_manifest_format = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "manifest.format",
    .summary = "makes lines of digests and names of files",
    .options = weir__manifest_write_options,
    .traits = WEIR_INNER | WEIR_SANDBOX_STRICT,
    .configure = format_configure,
    .bind = format_bind,
    .needs = format_needs,
    .process = format_process,
    .close = format_close,
};
