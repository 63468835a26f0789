#include "file/template.h"

#include <stdlib.h>
#include <string.h>

/* As Hive and DuckDB call it. */
#define NULL_NAME "__HIVE_DEFAULT_PARTITION__"

bool weir__template_given(const struct weir_stage *stage)
{
    return weir_option_number(stage, "max_open") >= 0 &&
           strchr(weir_option_string(stage, "path"), '{') != NULL;
}

bool weir__template_divides(const struct weir_stage *stage)
{
    return weir__template_given(stage) || weir_option_given(stage, "split");
}

size_t weir__template_folder(const char *path)
{
    size_t brace = strcspn(path, "{");
    while (brace > 0 && path[brace - 1] != '/')
        brace--;
    return brace;
}

/* ---- the columns ---- */

static int no_column(struct weir_stage *stage, const char *name, size_t at, size_t bytes)
{
    char note[200];
    const char *near = weir_schema_nearest(stage->in, name);
    snprintf(note, sizeof(note), "did you mean '%s'?", near == NULL ? "" : near);
    return weir_option_error(stage, "path", NULL, at, bytes, near == NULL ? NULL : note,
                             "there is no column '%s'", name);
}

static int bind_column(struct weir_stage *stage, struct template_piece *piece, size_t at)
{
    char *name = strndup(piece->text, piece->bytes);
    if (name == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory for a path");
    piece->column = weir_schema_find(stage->in, name);
    int rc = piece->column < 0 ? no_column(stage, name, at, piece->bytes) : 0;
    free(name);
    return rc;
}

int weir__template_bind(struct weir_stage *stage, struct template *template)
{
    const char *path = weir_option_string(stage, "path"), *at = path;
    template->piece = calloc(strlen(path) + 1, sizeof(*template->piece));
    if (template->piece == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory for a path");
    while (*at != '\0') {
        struct template_piece *piece = &template->piece[template->pieces++];
        *piece = (struct template_piece){.text = at, .bytes = strcspn(at, "{}"), .column = -1};
        at += piece->bytes;
        if (piece->bytes > 0)
            continue;
        size_t name = strcspn(at + 1, "{}");
        if (*at == '}' || at[1 + name] != '}' || name == 0)
            return weir_option_error(stage, "path", NULL, (size_t)(at - path), 1, NULL,
                                     "a column's name stands in braces, as in out/{country}.csv");
        *piece = (struct template_piece){.text = at + 1, .bytes = name};
        int rc = bind_column(stage, piece, (size_t)(at + 1 - path));
        if (rc < 0)
            return rc;
        at += name + 2;
    }
    return 0;
}

void weir__template_release(struct template *template)
{
    free(template->piece);
    *template = (struct template){0};
}

/* ---- the paths ---- */

/* Percent signs for what means something in a path or elsewhere; a dot too where a name begins, which
 * else would be hidden, or lead out of the folder. */
static char *put_escaped(const char *text, size_t bytes, bool begins, char *to, const char *end)
{
    static const char digit[] = "0123456789ABCDEF";
    for (size_t i = 0; i < bytes && end - to > 3; i++) {
        unsigned char c = (unsigned char)text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '_' || c == '-' || c == '~' || (c == '.' && !(begins && i == 0));
        if (plain) {
            *to++ = (char)c;
        } else {
            *to++ = '%';
            *to++ = digit[c >> 4];
            *to++ = digit[c & 15];
        }
    }
    return to;
}

static char *put_value(const struct weir_column *column, uint32_t record, bool begins, char *to,
                       const char *end)
{
    struct weir_value value = weir_value(column, record);
    if (value.data == NULL || value.length == 0)
        return put_escaped(NULL_NAME, strlen(NULL_NAME), false, to, end);
    return put_escaped(value.data, value.length, begins, to, end);
}

char *weir__template_begin(const struct template *template, const struct weir_batch *in,
                           uint32_t record, char *to, const char *end)
{
    struct template_frame frame = {0};
    char *path = to + sizeof(frame);
    if ((size_t)(end - to) < sizeof(frame) + 4)
        return NULL;
    char *at = path;
    for (size_t i = 0; i < template->pieces; i++) {
        const struct template_piece *piece = &template->piece[i];
        if (piece->column >= 0) {
            at =
                put_value(&in->column[piece->column], record, at == path || at[-1] == '/', at, end);
        } else if ((size_t)(end - at) > piece->bytes) {
            memcpy(at, piece->text, piece->bytes);
            at += piece->bytes;
        } else {
            return NULL;
        }
        if (end - at <= 3)
            return NULL;
    }
    *at++ = '\0';
    frame.path_bytes = (uint32_t)(at - path);
    memcpy(to, &frame, sizeof(frame));
    return at;
}

void weir__template_end(char *frame, const char *end, size_t record_bytes)
{
    struct template_frame head;
    memcpy(&head, frame, sizeof(head));
    head.bytes = (uint32_t)(end - frame - (ptrdiff_t)sizeof(head)) - head.path_bytes;
    head.record_bytes = record_bytes == SIZE_MAX ? head.bytes : (uint32_t)record_bytes;
    memcpy(frame, &head, sizeof(head));
}
