/* invalid_utf8: error - records with values that are not UTF-8, judged in the order of their rows. */
#include "csv/parse.h"

#include <stdlib.h>
#include <string.h>

#include "file/utf8.h"

static bool is_broken(const struct parse *parse, uint32_t column, uint32_t record)
{
    if (parse->place[column] == UINT32_MAX)
        return false;
    struct weir_column values = weir__parse_column(parse, column);
    struct weir_value value = weir_value(&values, record);
    return value.data != NULL && !weir__text_is_utf8(value.data, value.length);
}

static bool record_is_broken(const struct parse *parse, uint32_t record)
{
    bool broken = false;
    for (uint32_t c = 0; c < parse->columns && !broken; c++)
        broken = is_broken(parse, c, record);
    return broken;
}

/* Mostly there are none: column by column that is quickly seen. */
static bool any_broken(const struct parse *parse)
{
    bool broken = false;
    for (uint32_t c = 0; c < parse->columns && !broken; c++)
        for (uint32_t r = 0; r < parse->records && !broken; r++)
            broken = is_broken(parse, c, r);
    return broken;
}

static uint32_t count_broken(const struct parse *parse)
{
    uint32_t broken = 0;
    for (uint32_t r = 0; r < parse->records; r++)
        broken += record_is_broken(parse, r);
    return broken;
}

bool weir__parse_note_broken(struct parse *parse)
{
    size_t before = 0, count = 0;
    if (!any_broken(parse))
        return true;
    size_t capacity = parse->bad_count + count_broken(parse);
    struct parse_bad *bad = calloc(capacity, sizeof(*bad));
    if (bad == NULL)
        return false;
    for (uint32_t r = 0; r < parse->records; r++) {
        while (before < parse->bad_count && parse->bad[before].record <= r)
            bad[count++] = parse->bad[before++];
        if (record_is_broken(parse, r))
            bad[count++] = (struct parse_bad){.record = r,
                                              .row = r + (uint32_t)before,
                                              .fields = parse->columns,
                                              .kind = PARSE_BROKEN};
    }
    while (before < parse->bad_count)
        bad[count++] = parse->bad[before++];
    free(parse->bad);
    parse->bad = bad;
    parse->bad_count = count;
    parse->bad_capacity = capacity;
    return true;
}

int weir__parse_reject_broken(struct weir_stage *stage, struct parse *parse, struct parse_bad *bad,
                              const struct weir_position *position)
{
    int verdict = WEIR_SET_NULL;
    for (uint32_t c = 0; c < parse->columns && verdict == WEIR_SET_NULL; c++) {
        if (!is_broken(parse, c, bad->record))
            continue;
        parse->entries[(size_t)parse->place[c] * parse->capacity + bad->record] = weir_entry_null();
        verdict =
            weir_reject_at(stage, position, stage->out->column[c].name, "the value is not UTF-8");
    }
    if (verdict == WEIR_SET_NULL)
        bad->kind = PARSE_TAKEN;
    return verdict;
}

/* Of each needed column the entries from `from` on move to `to`. */
static void move_records(struct parse *parse, uint32_t to, uint32_t from, uint32_t records)
{
    for (uint32_t i = 0; i < parse->needed; i++) {
        uint64_t *entry = parse->entries + (size_t)i * parse->capacity;
        memmove(entry + to, entry + from, records * sizeof(*entry));
    }
}

void weir__parse_drop_broken(struct parse *parse)
{
    uint32_t dropped = 0, next = 0; /* the record behind the last that was dropped */
    size_t count = 0;
    for (size_t i = 0; i < parse->bad_count; i++) {
        struct parse_bad *bad = &parse->bad[i];
        if (bad->kind == PARSE_TAKEN)
            continue;
        bool broken = bad->kind == PARSE_BROKEN;
        if (broken) {
            move_records(parse, next - dropped, next, bad->record - next);
            next = bad->record + 1;
        }
        bad->record -= dropped;
        dropped += broken;
        bad->kind = PARSE_BAD_ROW;
        parse->bad[count++] = *bad;
    }
    move_records(parse, next - dropped, next, parse->records - next);
    parse->records -= dropped;
    parse->bad_count = count;
}
