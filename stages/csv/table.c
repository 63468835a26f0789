#include "csv/table.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file/hash.h"

struct reading {
    struct table *table;
    uint32_t fields; /* of the row so far */
    uint32_t rows;
    bool header; /* has been read */
    bool no_memory, too_large, uneven;
};

static int never_space(unsigned char c)
{
    (void)c;
    return 0;
}

static bool grow(void **array, size_t *room, size_t used, size_t more, size_t size)
{
    if (used + more <= *room)
        return true;
    size_t grown = 2 * *room + more + 1024;
    void *larger = realloc(*array, grown * size);
    if (larger == NULL)
        return false;
    *array = larger;
    *room = grown;
    return true;
}

static void add_name(struct reading *reading, const char *text, size_t bytes)
{
    char *name = strndup(text == NULL ? "" : text, bytes);
    if (name == NULL || weir_schema_add(&reading->table->schema, name, WEIR_UNTYPED) != 0)
        reading->no_memory = true;
    free(name);
}

static void take_field(void *field, size_t bytes, void *context)
{
    struct reading *reading = context;
    struct table *table = reading->table;
    reading->fields++;
    if (!reading->header) {
        add_name(reading, field, bytes);
        return;
    }
    reading->too_large = reading->too_large || table->heap_bytes + bytes > WEIR_ENTRY_MAX;
    if (reading->too_large || reading->no_memory)
        return;
    if (!grow((void **)&table->entry, &table->entry_room, table->entries, 1,
              sizeof(*table->entry)) ||
        !grow((void **)&table->heap, &table->heap_room, table->heap_bytes, bytes, 1)) {
        reading->no_memory = true;
        return;
    }
    table->entry[table->entries++] = field == NULL
                                         ? weir_entry_null()
                                         : weir_entry((uint32_t)table->heap_bytes, (uint32_t)bytes);
    if (field != NULL)
        memcpy(table->heap + table->heap_bytes, field, bytes);
    table->heap_bytes += bytes;
}

static void end_row(int ended_by, void *context)
{
    struct reading *reading = context;
    (void)ended_by;
    if (reading->header) {
        reading->uneven = reading->uneven || reading->fields != reading->table->schema.columns;
        reading->rows += !reading->uneven;
    }
    reading->header = true;
    reading->fields = 0;
}

static bool parse(int fd, unsigned char delimiter, struct reading *reading, bool *ret_read)
{
    struct csv_parser parser;
    char piece[64 << 10], *at = piece;
    ssize_t got = 0;
    bool good = true, first = true;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL) != 0) {
        reading->no_memory = true;
        return true;
    }
    csv_set_delim(&parser, delimiter);
    csv_set_space_func(&parser, never_space);
    while (good && (got = TEMP_FAILURE_RETRY(read(fd, piece, sizeof(piece)))) > 0) {
        size_t bytes = (size_t)got;
        at = piece;
        if (first && bytes >= 3 && memcmp(piece, "\xef\xbb\xbf", 3) == 0)
            at += 3;
        bytes -= (size_t)(at - piece);
        first = false;
        good = csv_parse(&parser, at, bytes, take_field, end_row, reading) == bytes &&
               !reading->uneven;
    }
    *ret_read = got >= 0;
    good = good && csv_fini(&parser, take_field, end_row, reading) == 0;
    reading->no_memory = reading->no_memory || csv_error(&parser) == CSV_ENOMEM;
    csv_free(&parser);
    return good;
}

int weir__table_parse(int fd, unsigned char delimiter, struct table *ret, char *wrong, size_t room)
{
    struct reading reading = {.table = ret};
    bool read_all = false, parsed = parse(fd, delimiter, &reading, &read_all);
    uint32_t row = reading.rows + 2;
    if (!read_all)
        return WEIR_EIO;
    if (reading.no_memory)
        snprintf(wrong, room, "there is no memory for it");
    else if (reading.too_large)
        snprintf(wrong, room, "it is larger than 256 MiB");
    else if (reading.uneven)
        snprintf(wrong, room, "row %u has another number of fields than the header", row);
    else if (!parsed)
        snprintf(wrong, room, "a quote in row %u stands where none may, or is not closed", row);
    else if (!reading.header)
        snprintf(wrong, room, "it has no header");
    else
        return 0;
    return reading.no_memory ? WEIR_EOS : WEIR_EDATA;
}

int weir__table_read(struct weir_stage *stage, const char *option, unsigned char delimiter,
                     struct table *ret)
{
    const char *path = weir_option_string(stage, option);
    char wrong[160];
    weir__table_release(ret);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int code = fd < 0 ? WEIR_EIO : weir__table_parse(fd, delimiter, ret, wrong, sizeof(wrong));
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (code == WEIR_EIO)
        return weir_option_error(stage, option, NULL, 0, 0, NULL, "cannot read '%s': %s", path,
                                 strerror(error));
    return code == 0 ? 0
                     : weir_option_error(stage, option, NULL, 0, 0, NULL, "'%s': %s", path, wrong);
}

/* ---- finding ---- */

static struct weir_value key_of(const struct table *table, uint32_t row)
{
    uint64_t entry = table_entry(table, row, table->key);
    if (weir_entry_is_null(entry))
        return (struct weir_value){NULL, 0};
    return (struct weir_value){table->heap + weir_entry_offset(entry), weir_entry_length(entry)};
}

/* The slot of the key, or the free one where it would stand. */
static uint32_t slot_of(const struct table *table, struct weir_value key)
{
    uint32_t s = (uint32_t)hash_bytes(0, key.data, key.length) & (table->slots - 1);
    for (; table->slot[s] != 0; s = (s + 1) & (table->slots - 1)) {
        struct weir_value other = key_of(table, table->slot[s] - 1);
        if (other.length == key.length && memcmp(other.data, key.data, key.length) == 0)
            break;
    }
    return s;
}

int weir__table_index(struct weir_stage *stage, const char *option, uint32_t key,
                      struct table *table)
{
    uint32_t rows = table_rows(table);
    table->key = key;
    for (table->slots = 16; table->slots < 2 * rows;)
        table->slots *= 2;
    table->slot = calloc(table->slots, sizeof(*table->slot));
    if (table->slot == NULL)
        return weir_fail(stage, WEIR_EOS, "out of memory");
    for (uint32_t row = 0; row < rows; row++) {
        struct weir_value value = key_of(table, row);
        uint32_t s = value.data == NULL ? 0 : slot_of(table, value);
        if (value.data != NULL && table->slot[s] != 0)
            return weir_option_error(stage, option, NULL, 0, 0, NULL,
                                     "'%s' has '%.*s' twice, in rows %u and %u",
                                     weir_option_string(stage, option), (int)value.length,
                                     value.data, table->slot[s] + 1, row + 2);
        if (value.data != NULL)
            table->slot[s] = row + 1;
    }
    return 0;
}

int64_t weir__table_find(const struct table *table, struct weir_value key)
{
    return key.data == NULL ? -1 : (int64_t)table->slot[slot_of(table, key)] - 1;
}

void weir__table_release(struct table *table)
{
    weir_schema_release(&table->schema);
    free(table->entry);
    free(table->heap);
    free(table->slot);
    *table = (struct table){0};
}
