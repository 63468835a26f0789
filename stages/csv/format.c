/*
 * csv.format: records in, rows of CSV out.
 *
 * The cursor is the record to go on with in its low 32 bits, and above them how many bytes of that
 * record's row were put out already: a row larger than the whole output is put out in pieces.
 */
#include "csv/write.h"

#include <stdlib.h>
#include <string.h>

#include "file/template.h"

#define SLACK 32 /* short fields are copied in fixed sizes */
#define SHORT 32 /* bytes of a field that is copied in one or two goes */

typedef unsigned char bytes16 __attribute__((vector_size(16)));
typedef long long pair64 __attribute__((vector_size(16)));

struct format {
    enum csv_quoting quoting;
    char delimiter;
    const char *null_value;
    size_t null_bytes;
    bool *quoted; /* by column: always; NULL: as quoting says for all */
    const char *line_end;
    size_t line_end_bytes;
    size_t short_row; /* room for any row of short fields; SIZE_MAX: no row goes the short way */
    struct template template;             /* of no pieces where all goes to file.write */
    bytes16 delimiters, quotes, crs, lfs; /* the bytes that need quotes, each sixteen times */
    /* A row that goes out in pieces, and the cursor that goes on with it. */
    char *row;
    size_t row_bytes, row_capacity;
    uint64_t row_cursor;
};

/* What became of a field or row: written, no room, needs quotes and may not have them. */
enum put { PUT_DONE, PUT_FULL, PUT_REFUSED };

struct room {
    char *at, *end;
};

/* ---- fields ---- */

static inline pair64 quotes_in(const struct format *format, bytes16 text)
{
    return (pair64)(text == format->quotes);
}

static inline pair64 others_in(const struct format *format, bytes16 text)
{
    return (pair64)(text == format->delimiters) | (pair64)(text == format->crs) |
           (pair64)(text == format->lfs);
}

static inline bool any(pair64 found)
{
    return (found[0] | found[1]) != 0;
}

static inline bool any_special(const struct format *format, bytes16 text)
{
    return any(quotes_in(format, text) | others_in(format, text));
}

static inline bytes16 load16(const char *from)
{
    bytes16 text;
    memcpy(&text, from, sizeof(text));
    return text;
}

static bool is_special(const struct format *format, char c)
{
    return c == format->delimiter || c == '"' || c == '\r' || c == '\n';
}

/* Ones for the first `length` bytes of SHORT. Bytes behind a field are made zeros, which are never
 * special unless zero is the delimiter. */
static inline const char *keep(size_t length)
{
    static const _Alignas(2 * SHORT) unsigned char bytes[2 * SHORT] = {
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    return (const char *)bytes + SHORT - length;
}

/* Copies length bytes; true if one of them needs quotes. readable: how many may be read at from, at
 * least length. */
static bool copy_checked(const struct format *format, char *to, const char *from, size_t length,
                         size_t readable)
{
    bool special = false;
    size_t done = 0;
    for (; done + 16 <= length; done += 16) {
        bytes16 text = load16(from + done);
        memcpy(to + done, &text, 16);
        special |= any_special(format, text);
    }
    if (done == length)
        return special;
    if (readable >= done + 16) {
        bytes16 text = load16(from + done) & load16(keep(length - done));
        memcpy(to + done, &text, 16);
        return special || any_special(format, text);
    }
    for (; done < length; done++) {
        to[done] = from[done];
        special |= is_special(format, from[done]);
    }
    return special;
}

/*
 * What put_field does with a field of at most so many blocks of 16 bytes, and one byte at least, when
 * quoting is minimal. As many can be read, and two more written. Returns the field's end; NULL if
 * it has a quote itself.
 */
static inline __attribute__((always_inline)) char *
put_blocks(const struct format *format, char *to, const char *from, size_t length, int blocks)
{
    pair64 quotes = {0}, others = {0};
    bytes16 text[2] = {{0}};
    for (int i = 0; i < blocks; i++) {
        text[i] = load16(from + 16 * i) & load16(keep(length) + 16 * i);
        quotes |= quotes_in(format, text[i]);
        others |= others_in(format, text[i]);
    }
    memcpy(to, text, 16 * (size_t)blocks);
    if (__builtin_expect(!any(quotes | others), 1))
        return to + length;
    if (any(quotes))
        return NULL;
    *to++ = '"';
    memcpy(to, text, 16 * (size_t)blocks);
    to[length] = '"';
    return to + length + 1;
}

static char *put_quoted(char *to, const char *from, size_t length)
{
    *to++ = '"';
    while (length > 0) {
        const char *quote = memchr(from, '"', length);
        size_t n = quote == NULL ? length : (size_t)(quote - from) + 1;
        memcpy(to, from, n);
        to += n;
        if (quote != NULL)
            *to++ = '"';
        from += n;
        length -= n;
    }
    *to++ = '"';
    return to;
}

static bool begins_with_bom(const char *text, size_t length)
{
    return length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
}

static bool is_null_value(const struct format *format, const char *text, size_t length)
{
    return length == format->null_bytes && memcmp(text, format->null_value, length) == 0;
}

static bool always_quoted(const struct format *format, uint32_t column)
{
    return format->quoting == CSV_QUOTING_ALL || (format->quoted != NULL && format->quoted[column]);
}

/* A field that is not null. In the first of a row a byte order mark would be taken for the file's.
 */
static enum put put_field(const struct format *format, struct room *room, const char *from,
                          size_t length, size_t readable, uint32_t column)
{
    if ((size_t)(room->end - room->at) < 2 * length + SLACK)
        return PUT_FULL;
    bool special = copy_checked(format, room->at, from, length, readable);
    bool quote = special || always_quoted(format, column) || length == 0 ||
                 is_null_value(format, from, length) ||
                 (column == 0 && begins_with_bom(from, length));
    if (!quote || (format->quoting == CSV_QUOTING_NONE && !special)) {
        room->at += length;
        return PUT_DONE;
    }
    if (format->quoting == CSV_QUOTING_NONE)
        return PUT_REFUSED;
    room->at = put_quoted(room->at, from, length);
    return PUT_DONE;
}

static enum put put_null(const struct format *format, struct room *room)
{
    if ((size_t)(room->end - room->at) < format->null_bytes)
        return PUT_FULL;
    memcpy(room->at, format->null_value, format->null_bytes);
    room->at += format->null_bytes;
    return PUT_DONE;
}

static enum put put_value(const struct format *format, struct room *room,
                          const struct weir_batch *in, uint32_t column, uint32_t record)
{
    const struct weir_column *values = &in->column[column];
    struct weir_value value = weir_value(values, record);
    if (value.data == NULL)
        return put_null(format, room);
    size_t readable = values->heap_bytes - (size_t)(value.data - values->heap);
    return put_field(format, room, value.data, value.length, readable, column);
}

/* ---- rows ---- */

/* *ret_column: the column that was refused. set_null: a column to be written as null, or
 * UINT32_MAX. */
static enum put put_row(const struct format *format, const struct weir_batch *in, uint32_t record,
                        struct room *room, const bool *set_null, uint32_t *ret_column)
{
    for (uint32_t c = 0; c < in->columns; c++) {
        if (room->at == room->end)
            return PUT_FULL;
        if (c > 0)
            *room->at++ = format->delimiter;
        bool nulled = set_null != NULL && set_null[c];
        enum put put = nulled ? put_null(format, room) : put_value(format, room, in, c, record);
        *ret_column = c;
        if (put != PUT_DONE)
            return put;
    }
    if ((size_t)(room->end - room->at) < format->line_end_bytes)
        return PUT_FULL;
    memcpy(room->at, format->line_end, format->line_end_bytes);
    room->at += format->line_end_bytes;
    return PUT_DONE;
}

/* A row one of whose fields may not be written: what the stage's on_error makes of it. A verdict or
 * a code. */
static int refuse(struct weir_stage *stage, const struct weir_batch *in, uint32_t record,
                  uint32_t column)
{
    return weir_reject(stage, in, record, stage->in->column[column].name,
                       "the field would need quotes, and quoting is none");
}

/* As put_row, having asked about each refused field. *ret_verdict is set when the row is left out.
 */
static enum put put_row_nulled(struct weir_stage *stage, const struct weir_batch *in,
                               uint32_t record, struct room *room, int *ret_verdict)
{
    struct format *format = stage->self;
    bool *set_null = calloc(in->columns + 1u, sizeof(*set_null));
    char *begin = room->at;
    enum put put;
    *ret_verdict = WEIR_SET_NULL;
    if (set_null == NULL)
        *ret_verdict = weir_fail(stage, WEIR_EOS, "no memory for a row");
    do {
        uint32_t column = 0;
        room->at = begin;
        put = put_row(format, in, record, room, set_null, &column);
        if (put != PUT_REFUSED || set_null == NULL)
            break;
        *ret_verdict = refuse(stage, in, record, column);
        set_null[column] = true;
    } while (*ret_verdict == WEIR_SET_NULL);
    free(set_null);
    return put;
}

/* Says which file a row is for, where there may be many. False: no room. */
static bool begin_row(const struct format *format, const struct weir_batch *in, uint32_t record,
                      struct room *room)
{
    if (format->template.pieces == 0)
        return true;
    char *at = weir__template_begin(&format->template, in, record, room->at, room->end);
    if (at != NULL)
        room->at = at;
    return at != NULL;
}

static void end_row(const struct format *format, char *begin, const struct room *room,
                    size_t row_bytes)
{
    if (format->template.pieces > 0)
        weir__template_end(begin, room->at, row_bytes);
}

/* ---- rows larger than the output ---- */

static bool grow_row(struct format *format)
{
    size_t capacity = format->row_capacity == 0 ? 1 << 20 : 2 * format->row_capacity;
    free(format->row);
    format->row = malloc(capacity);
    format->row_capacity = format->row == NULL ? 0 : capacity;
    return format->row != NULL;
}

/* Formats the row into memory of our own. Sets *ret_verdict as put_row_nulled does. */
static int make_large_row(struct weir_stage *stage, const struct weir_batch *in, uint32_t record,
                          int *ret_verdict)
{
    struct format *format = stage->self;
    enum put put;
    do {
        if (!grow_row(format))
            return weir_fail(stage, WEIR_EOS, "no memory for a large row");
        struct room room = {format->row, format->row + format->row_capacity};
        put = put_row_nulled(stage, in, record, &room, ret_verdict);
        format->row_bytes = (size_t)(room.at - format->row);
    } while (put == PUT_FULL && *ret_verdict == WEIR_SET_NULL);
    return 0;
}

static void drop_large_row(struct format *format)
{
    free(format->row);
    format->row = NULL;
    format->row_capacity = 0;
    format->row_cursor = 0;
}

/* Puts out the next piece of a row, from `done` bytes on. Moves *cursor. */
static int put_piece(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                     struct weir_output *out)
{
    struct format *format = stage->self;
    uint32_t record = (uint32_t)*cursor;
    size_t done = (size_t)(*cursor >> 32);
    if (record >= in->records)
        return weir_fail(stage, WEIR_EINTERNAL, "its cursor is damaged");
    if (done == 0 || format->row_cursor != *cursor) {
        int verdict;
        int rc = make_large_row(stage, in, record, &verdict);
        rc = rc == 0 && verdict != WEIR_SET_NULL ? verdict : rc;
        if (rc < 0 || verdict == WEIR_FULL)
            return rc;
        if (verdict == WEIR_SKIP) {
            *cursor = record + UINT64_C(1);
            return 0;
        }
    }
    if (done > format->row_bytes)
        return weir_fail(stage, WEIR_EINTERNAL, "its cursor is damaged");
    struct room room = {out->bytes, out->bytes + out->capacity};
    if (!begin_row(format, in, record, &room))
        return weir_fail(stage, WEIR_EDATA, "a path is too long");
    size_t n = format->row_bytes - done, most = (size_t)(room.end - room.at);
    n = n < most ? n : most;
    memcpy(room.at, format->row + done, n);
    room.at += n;
    end_row(format, out->bytes, &room, done == 0 ? format->row_bytes : 0);
    out->used = (size_t)(room.at - out->bytes);
    if (done + n < format->row_bytes) {
        *cursor = format->row_cursor = (uint64_t)record | (uint64_t)(done + n) << 32;
        return 0;
    }
    *cursor = record + UINT64_C(1);
    out->records = 1;
    drop_large_row(format);
    return 0;
}

/* ---- rows of short fields ---- */

/* Writes a row as put_row does, when quoting is minimal and null is nothing. False: it is left to put_row. */
static inline bool put_short_row(const struct format *format, const struct weir_batch *in,
                                 uint32_t record, struct room *room)
{
    char *to = room->at;
    if ((size_t)(room->end - to) < format->short_row)
        return false;
    for (uint32_t c = 0; c < in->columns; c++) {
        const struct weir_column *column = &in->column[c];
        uint64_t entry = *(const volatile uint64_t *)&column->entry[record];
        uint32_t offset = weir_entry_offset(entry), length = weir_entry_length(entry);
        char *end = to;
        if (__builtin_expect((entry >> WEIR_ENTRY_BITS) - 1 < SHORT && /* and not null */
                                 offset + SHORT <= column->heap_bytes,
                             1))
            end = length <= 16 ? put_blocks(format, to, column->heap + offset, length, 1)
                               : put_blocks(format, to, column->heap + offset, length, 2);
        else if (!weir_entry_is_null(entry))
            end = NULL;
        if (end == NULL) {
            struct room rest = {to, room->end};
            if (put_value(format, &rest, in, c, record) != PUT_DONE ||
                (size_t)(rest.end - rest.at) < format->short_row)
                return false;
            end = rest.at;
        }
        *end = format->delimiter;
        to = end + 1;
    }
    if (*room->at == '\xef') /* a byte order mark, perhaps */
        return false;
    memcpy(to - 1, format->line_end, 2);
    room->at = to - 1 + format->line_end_bytes;
    return true;
}

/* ---- batches ---- */

/* Rows from *record on, until the room or the batch ends. 0, a verdict WEIR_FULL, or a code. */
static int put_rows(struct weir_stage *stage, const struct weir_batch *in, uint32_t *record,
                    struct room *room, uint32_t *rows)
{
    const struct format *format = stage->self;
    for (; *record < in->records; ++*record) {
        char *begin = room->at;
        if (!begin_row(format, in, *record, room))
            return 0;
        char *row = room->at;
        uint32_t column = 0;
        int verdict = WEIR_SET_NULL;
        enum put put = PUT_DONE;
        if (!put_short_row(format, in, *record, room))
            put = put_row(format, in, *record, room, NULL, &column);
        if (put == PUT_REFUSED) {
            room->at = row;
            put = put_row_nulled(stage, in, *record, room, &verdict);
        }
        if (put == PUT_DONE) {
            end_row(format, begin, room, SIZE_MAX);
            ++*rows;
            continue;
        }
        room->at = begin;
        if (put == PUT_FULL)
            return 0;
        if (verdict != WEIR_SKIP)
            return verdict;
    }
    return 0;
}

static int format_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    struct room room = {out->bytes, out->bytes + out->capacity};
    uint32_t first = (uint32_t)*cursor, record = first;
    int rc = 0;
    if (*cursor >> 32 == 0) {
        rc = put_rows(stage, in, &record, &room, &out->records);
        out->used = (size_t)(room.at - out->bytes);
        /* What stands before a record that ends the run goes on first. */
        if (rc < 0 && record == first)
            return rc;
        *cursor = record;
    }
    bool full = rc == 0 && record < in->records;
    if (full && out->used == 0) {
        rc = put_piece(stage, in, cursor, out);
        if (rc < 0)
            return rc;
    }
    if ((uint32_t)*cursor >= in->records)
        *cursor = UINT64_MAX;
    return 0;
}

/* ---- the header ---- */

static int make_header(struct weir_stage *stage, struct weir_schema *schema)
{
    const struct format *format = stage->self;
    struct format names = *format; /* which are text, whatever their columns are */
    if (format->quoting == CSV_QUOTING_NONNUMERIC)
        names.quoting = CSV_QUOTING_ALL;
    size_t capacity = format->line_end_bytes + 1;
    for (uint32_t c = 0; c < stage->in->columns; c++)
        capacity += 2 * strlen(stage->in->column[c].name) + SLACK + 1;
    schema->preamble = malloc(capacity);
    if (schema->preamble == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory for the header");
    struct room room = {schema->preamble, schema->preamble + capacity};
    for (uint32_t c = 0; c < stage->in->columns; c++) {
        const char *name = stage->in->column[c].name;
        size_t length = strlen(name);
        if (c > 0)
            *room.at++ = format->delimiter;
        if (put_field(&names, &room, name, length, length, c) == PUT_REFUSED)
            return weir_option_error(stage, "quoting", NULL, 0, 0, NULL,
                                     "the name of column '%s' would need quotes", name);
    }
    memcpy(room.at, format->line_end, format->line_end_bytes);
    room.at += format->line_end_bytes;
    schema->preamble_bytes = (size_t)(room.at - schema->preamble);
    return 0;
}

/* ---- the stage ---- */

static bytes16 sixteen(char c)
{
    bytes16 all;
    memset(&all, c, sizeof(all));
    return all;
}

static int format_configure(struct weir_stage *stage)
{
    struct format *format = aligned_alloc(_Alignof(struct format), sizeof(*format));
    stage->self = format;
    if (format == NULL)
        return weir_fail(stage, WEIR_EOS, "no memory");
    bool crlf = weir_option_number(stage, "line_ending") == 1;
    *format = (struct format){
        .quoting = (enum csv_quoting)weir_option_number(stage, "quoting"),
        .delimiter = (char)weir_option_number(stage, "delimiter"),
        .null_value = weir_option_string(stage, "null_value"),
        .line_end = crlf ? "\r\n" : "\n",
        .line_end_bytes = crlf ? 2 : 1,
        .short_row = SIZE_MAX,
        .quotes = sixteen('"'),
        .crs = sixteen('\r'),
        .lfs = sixteen('\n'),
    };
    format->null_bytes = strlen(format->null_value);
    format->delimiters = sixteen(format->delimiter);
    return 0;
}

static int mark_quoted(const struct weir_stage *stage, struct format *format)
{
    format->quoted = calloc(stage->in->columns + 1u, sizeof(bool));
    if (format->quoted == NULL)
        return WEIR_EOS;
    for (uint32_t c = 0; c < stage->in->columns; c++) {
        enum weir_type type = stage->in->column[c].type;
        format->quoted[c] = type != WEIR_INTEGER && type != WEIR_DECIMAL && type != WEIR_DOUBLE;
    }
    return 0;
}

static int format_bind(struct weir_stage *stage, struct weir_schema *schema)
{
    struct format *format = stage->self;
    if (format->quoting == CSV_QUOTING_NONNUMERIC && mark_quoted(stage, format) < 0)
        return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    if (format->quoting == CSV_QUOTING_MINIMAL && format->null_bytes == 0 && stage->in->columns > 0)
        format->short_row = stage->in->columns * (size_t)(SHORT + 3) + SLACK;
    schema->raw = true;
    for (uint32_t c = 0; c < stage->in->columns; c++) {
        if (weir_schema_add(schema, stage->in->column[c].name, stage->in->column[c].type) < 0)
            return weir_fail(stage, WEIR_EOS, "no memory for the columns");
    }
    int rc = weir__template_divides(stage) ? weir__template_bind(stage, &format->template) : 0;
    if (rc < 0)
        return rc;
    return weir_option_number(stage, "header") == 1 ? make_header(stage, schema) : 0;
}

static void format_close(struct weir_stage *stage)
{
    struct format *format = stage->self;
    if (format == NULL)
        return;
    free(format->row);
    free(format->quoted);
    weir__template_release(&format->template);
    free(format);
    stage->self = NULL;
}

const struct weir_stage_type weir_csv_format = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "csv.format",
    .summary = "makes rows of CSV of records",
    .options = weir__csv_write_options,
    .traits = WEIR_REJECTS | WEIR_INNER | WEIR_SANDBOX_STRICT,
    .configure = format_configure,
    .bind = format_bind,
    .open = weir__csv_append_check,
    .process = format_process,
    .close = format_close,
};
