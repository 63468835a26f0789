#include "rows.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    const char *at, *end;
    bool csv;
    char *heap; /* where the next cell's text goes */
};

static bool ends_cell(const struct reader *reader)
{
    return reader->at == reader->end || *reader->at == '\n' || (reader->csv && *reader->at == ',');
}

static void read_quoted(struct reader *reader)
{
    for (reader->at++; reader->at < reader->end; reader->at++) {
        bool quote = *reader->at == '"';
        if (quote && (reader->at + 1 == reader->end || reader->at[1] != '"'))
            break;
        reader->at += quote;
        *reader->heap++ = *reader->at;
    }
    reader->at += reader->at < reader->end;
}

static void read_cell(struct reader *reader, struct cell *ret)
{
    bool quoted = reader->csv && reader->at < reader->end && *reader->at == '"';
    ret->text = reader->heap;
    if (quoted)
        read_quoted(reader);
    while (!ends_cell(reader))
        *reader->heap++ = *reader->at++;
    ret->bytes = (size_t)(reader->heap - ret->text);
    bool line = reader->at == reader->end || *reader->at == '\n';
    if (line && !quoted && ret->bytes > 0 && ret->text[ret->bytes - 1] == '\r') {
        ret->bytes--;
        reader->heap--;
    }
    ret->null = !quoted && ret->bytes == 0;
    *reader->heap++ = '\0';
}

static void read_row(struct reader *reader, struct row *ret)
{
    bool more = true;
    ret->text = reader->at;
    while (more) {
        read_cell(reader, &ret->cell[ret->cells++]);
        more = reader->at < reader->end && *reader->at == ',';
        reader->at += more;
    }
    ret->bytes = (size_t)(reader->at - ret->text);
    reader->at += reader->at < reader->end; /* the line end */
}

static size_t count(const char *text, size_t bytes, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += text[i] == c;
    return n;
}

bool rows_read(const char *text, size_t bytes, bool csv, struct rows *ret)
{
    size_t lines = count(text, bytes, '\n') + 1, cells = lines + count(text, bytes, ',');
    *ret = (struct rows){.row = calloc(lines, sizeof(*ret->row)),
                         .cell = calloc(cells, sizeof(*ret->cell)),
                         .heap = malloc(bytes + 1)}; /* each cell's NUL is what ended it */
    if (ret->row == NULL || ret->cell == NULL || ret->heap == NULL) {
        rows_release(ret);
        return false;
    }
    struct reader reader = {.at = text, .end = text + bytes, .csv = csv, .heap = ret->heap};
    struct cell *next = ret->cell;
    while (reader.at < reader.end) {
        struct row *row = &ret->row[ret->count++];
        row->cell = next;
        read_row(&reader, row);
        next += row->cells;
    }
    return true;
}

void rows_release(struct rows *rows)
{
    free(rows->row);
    free(rows->cell);
    free(rows->heap);
    *rows = (struct rows){0};
}

bool rows_same(const struct row *a, const struct row *b)
{
    bool same = a->cells == b->cells;
    for (size_t i = 0; same && i < a->cells; i++)
        same = a->cell[i].null == b->cell[i].null && a->cell[i].bytes == b->cell[i].bytes &&
               memcmp(a->cell[i].text, b->cell[i].text, a->cell[i].bytes) == 0;
    return same;
}
