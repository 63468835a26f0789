#include "flow/pack.h"

#include <string.h>

#include "unit/unit.h"

enum { COLUMNS = 5, RECORDS = 40, LONGEST = 60 };

/* ---- batches made at random ---- */

struct made {
    uint64_t entry[COLUMNS][RECORDS];
    char heap[COLUMNS][RECORDS * LONGEST];
    char raw[RECORDS][LONGEST];
    struct weir_position position[RECORDS];
    struct weir_column column[COLUMNS];
    bool needed[COLUMNS];
    struct weir_batch batch;
};

static void locate_made(const struct weir_batch *batch, uint32_t record, struct weir_position *ret)
{
    *ret = ((const struct made *)batch->locate_context)->position[record];
}

/* Nulls, empty values, values of any bytes, and one column that nobody uses and that has no
 * entries. */
static void make_column(struct made *made, uint32_t c, uint32_t records, uint64_t *seed)
{
    uint32_t used = 0;
    for (uint32_t r = 0; r < records; r++) {
        uint64_t kind = random_below(seed, 4);
        uint32_t length = kind < 2 ? 0 : (uint32_t)random_below(seed, LONGEST);
        made->entry[c][r] = kind == 0 ? weir_entry_null() : weir_entry(used, length);
        for (uint32_t i = 0; i < length; i++)
            made->heap[c][used++] = (char)random_next(seed);
    }
    made->needed[c] = random_below(seed, 3) > 0;
    made->column[c] =
        (struct weir_column){made->needed[c] ? made->entry[c] : NULL, made->heap[c], used};
}

static void make_batch(struct made *made, uint64_t *seed)
{
    uint32_t records = 1 + (uint32_t)random_below(seed, RECORDS);
    uint32_t columns = (uint32_t)random_below(seed, COLUMNS + 1);
    for (uint32_t c = 0; c < columns; c++)
        make_column(made, c, records, seed);
    for (uint32_t r = 0; r < records; r++) {
        size_t bytes = random_below(seed, LONGEST);
        for (size_t i = 0; i < bytes; i++)
            made->raw[r][i] = (char)random_next(seed);
        bool at_hand = random_below(seed, 5) > 0;
        made->position[r] = (struct weir_position){.file = 3,
                                                   .offset = random_next(seed),
                                                   .line = random_next(seed),
                                                   .raw = at_hand ? made->raw[r] : NULL,
                                                   .raw_bytes = at_hand ? bytes : 0};
    }
    made->batch = (struct weir_batch){.records = records,
                                      .columns = columns,
                                      .column = made->column,
                                      .locate = locate_made,
                                      .locate_context = made};
}

static bool same_value(struct weir_value a, struct weir_value b)
{
    return (a.data == NULL) == (b.data == NULL) && a.length == b.length &&
           (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static bool same_position(const struct weir_position *a, const struct weir_position *b, bool raw)
{
    if (a->file != b->file || a->offset != b->offset || a->line != b->line)
        return false;
    if (!raw || a->raw == NULL)
        return b->raw == NULL;
    return b->raw != NULL && a->raw_bytes == b->raw_bytes &&
           memcmp(a->raw, b->raw, a->raw_bytes) == 0;
}

/* got holds the records of made from `from` on. */
static bool same_records(const struct made *made, uint32_t from, const struct weir_batch *got,
                         bool raw)
{
    bool same = got->columns == made->batch.columns;
    for (uint32_t r = 0; same && r < got->records; r++) {
        struct weir_position position = {0};
        for (uint32_t c = 0; c < got->columns; c++) {
            same = same && (got->column[c].entry != NULL) == made->needed[c];
            if (same && made->needed[c])
                same = same_value(weir_value(&made->column[c], from + r),
                                  weir_value(&got->column[c], r));
        }
        got->locate(got, r, &position);
        same = same && same_position(&made->position[from + r], &position, raw);
    }
    return same;
}

static const struct weir_position origin = {.file = 3, .offset = 1234, .line = 56};

/* Packs all of it into slots of `capacity` bytes and compares what comes back. Slots have exactly
 * their size: with a sanitizer nothing beyond them is read or written unseen. */
static void check_round_trip(const struct made *made, bool raw, size_t capacity)
{
    const struct packing packing = {.needed = made->needed, .raw = raw};
    struct unpacked unpacked = {0};
    char *slot = malloc(capacity);
    for (uint32_t record = 0, from = 0; record < made->batch.records; from = record) {
        size_t bytes = weir__pack(&packing, &made->batch, &record, slot, capacity);
        ck_assert_uint_gt(bytes, 0);
        ck_assert_uint_le(bytes, capacity);
        ck_assert_uint_gt(record, from);
        char *exact = malloc(bytes);
        memcpy(exact, slot, bytes);
        ck_assert_int_eq(
            weir__unpack(&unpacked, made->needed, made->batch.columns, exact, bytes, &origin), 0);
        ck_assert_uint_eq(unpacked.batch.records, record - from);
        ck_assert_uint_eq(unpacked.batch.origin.line, origin.line);
        ck_assert(same_records(made, from, &unpacked.batch, raw));
        free(exact);
    }
    free(slot);
    weir__unpacked_release(&unpacked);
}

START_TEST(test_batches_come_back_as_they_were)
{
    uint64_t seed = 11;
    struct made made;
    for (int i = 0; i < 1000; i++) {
        make_batch(&made, &seed);
        check_round_trip(&made, i % 2 == 0,
                         16 + (COLUMNS + 1) * (8 + LONGEST) + 16 + random_below(&seed, 4000));
    }
}
END_TEST

/* ---- how much fits ---- */

static uint64_t word_entry[] = {0, 0, 0};

static struct weir_batch words_batch(struct weir_column *column)
{
    for (uint32_t i = 0; i < COUNT(word_entry); i++)
        word_entry[i] = weir_entry(8 * i, 8);
    *column = (struct weir_column){word_entry, "01234567abcdefghABCDEFGH", 24};
    return (struct weir_batch){.records = 3, .columns = 1, .column = column};
}

START_TEST(test_a_record_takes_its_bytes_an_entry_a_column_and_its_position)
{
    static const bool needed[] = {true};
    const struct packing packing = {.needed = needed};
    struct weir_column column;
    struct weir_batch batch = words_batch(&column);
    _Alignas(8) char to[256];
    static const struct {
        size_t capacity;
        uint32_t records;
    } rows[] = {{0, 0},       {15, 0},      {16, 0},      {47, 0},      {48, 1},
                {48 + 31, 1}, {48 + 32, 2}, {48 + 63, 2}, {48 + 64, 3}, {256, 3}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t record = 0;
        size_t bytes = weir__pack(&packing, &batch, &record, to, rows[i].capacity);
        ck_assert_uint_eq(record, rows[i].records);
        ck_assert_uint_eq(bytes, rows[i].records == 0 ? 0 : 16 + 32 * rows[i].records);
    }
}
END_TEST

START_TEST(test_nothing_is_packed_behind_the_last_record)
{
    static const bool needed[] = {true};
    const struct packing packing = {.needed = needed};
    struct weir_column column;
    struct weir_batch batch = words_batch(&column);
    _Alignas(8) char to[256];
    uint32_t record = 3;
    ck_assert_uint_eq(weir__pack(&packing, &batch, &record, to, sizeof(to)), 0);
    ck_assert_uint_eq(record, 3);
}
END_TEST

START_TEST(test_an_entry_that_points_outside_its_heap_is_packed_as_null)
{
    static const bool needed[] = {true};
    const struct packing packing = {.needed = needed};
    struct weir_column column;
    struct weir_batch batch = words_batch(&column);
    struct unpacked unpacked = {0};
    _Alignas(8) char to[256];
    uint32_t record = 0;
    word_entry[1] = weir_entry(20, 5);
    word_entry[2] = weir_entry(WEIR_ENTRY_MAX, WEIR_ENTRY_MAX);
    size_t bytes = weir__pack(&packing, &batch, &record, to, sizeof(to));
    ck_assert_int_eq(weir__unpack(&unpacked, needed, 1, to, bytes, &origin), 0);
    ck_assert(
        same_value(weir_value(&unpacked.batch.column[0], 0), (struct weir_value){"01234567", 8}));
    ck_assert_ptr_null(weir_value(&unpacked.batch.column[0], 1).data);
    ck_assert_ptr_null(weir_value(&unpacked.batch.column[0], 2).data);
    weir__unpacked_release(&unpacked);
}
END_TEST

/* Comes between counting the room and copying. */
static void lengthen_words(const struct weir_batch *batch, uint32_t record,
                           struct weir_position *ret)
{
    (void)batch, (void)record, (void)ret;
    word_entry[0] = weir_entry(0, 24);
}

START_TEST(test_an_entry_that_grows_while_it_is_packed_takes_no_more_room)
{
    static const bool needed[] = {true};
    const struct packing packing = {.needed = needed};
    struct weir_column column;
    struct weir_batch batch = words_batch(&column);
    _Alignas(8) char to[256] = "";
    uint32_t record = 0;
    batch.locate = lengthen_words;
    size_t bytes = weir__pack(&packing, &batch, &record, to, 48);
    ck_assert_uint_gt(bytes, 0);
    ck_assert_uint_le(bytes, 48);
    for (size_t i = 48; i < sizeof(to); i++)
        ck_assert_int_eq(to[i], 0);
}
END_TEST

START_TEST(test_records_that_nobody_can_locate_have_no_place)
{
    static const bool needed[] = {true};
    const struct packing packing = {.needed = needed, .raw = true};
    struct weir_column column;
    struct weir_batch batch = words_batch(&column);
    struct unpacked unpacked = {0};
    struct weir_position position = {.line = 9};
    _Alignas(8) char to[256];
    uint32_t record = 0;
    size_t bytes = weir__pack(&packing, &batch, &record, to, sizeof(to));
    ck_assert_int_eq(weir__unpack(&unpacked, needed, 1, to, bytes, &origin), 0);
    unpacked.batch.locate(&unpacked.batch, 1, &position);
    ck_assert_uint_eq(position.line, 0);
    ck_assert_ptr_null(position.raw);
    weir__unpacked_release(&unpacked);
}
END_TEST

/* ---- bytes that are not what pack writes ---- */

/* Reads everything that a stage could read. */
static uint64_t read_all(const struct weir_batch *batch)
{
    uint64_t sum = 0;
    for (uint32_t r = 0; r < batch->records; r++) {
        struct weir_position position = {0};
        batch->locate(batch, r, &position);
        for (size_t i = 0; position.raw != NULL && i < position.raw_bytes; i++)
            sum += (unsigned char)position.raw[i];
        for (uint32_t c = 0; c < batch->columns; c++) {
            if (batch->column[c].entry == NULL)
                continue;
            struct weir_value value = weir_value(&batch->column[c], r);
            for (uint32_t i = 0; i < value.length; i++)
                sum += (unsigned char)value.data[i];
        }
    }
    return sum;
}

static bool inside(const void *from, size_t n, const char *bytes, size_t count)
{
    const char *at = from;
    return n == 0 || (at >= bytes && at <= bytes + count && n <= (size_t)(bytes + count - at));
}

static bool all_inside(const struct weir_batch *batch, const char *bytes, size_t count)
{
    for (uint32_t r = 0; r < batch->records; r++) {
        struct weir_position position = {0};
        batch->locate(batch, r, &position);
        if (position.raw != NULL && !inside(position.raw, position.raw_bytes, bytes, count))
            return false;
        for (uint32_t c = 0; c < batch->columns; c++) {
            const struct weir_column *column = &batch->column[c];
            if (column->entry == NULL)
                continue;
            if (!inside(&column->entry[r], sizeof(uint64_t), bytes, count))
                return false;
            struct weir_value value = weir_value(column, r);
            if (value.data != NULL && !inside(value.data, value.length, bytes, count))
                return false;
        }
    }
    return true;
}

struct packed {
    struct made made;
    _Alignas(8) char bytes[RECORDS * (COLUMNS + 1) * (LONGEST + 8) + 1024];
    size_t count;
};

static void make_packed(struct packed *packed, bool raw, uint64_t *seed)
{
    make_batch(&packed->made, seed);
    const struct packing packing = {.needed = packed->made.needed, .raw = raw};
    uint32_t record = 0;
    packed->count =
        weir__pack(&packing, &packed->made.batch, &record, packed->bytes, sizeof(packed->bytes));
    ck_assert_uint_eq(record, packed->made.batch.records);
}

/* Refused, or readable without leaving the bytes. True if it was refused. */
static bool read_or_refuse(const struct packed *packed, const char *bytes, size_t count)
{
    struct unpacked unpacked = {0};
    int code = weir__unpack(&unpacked, packed->made.needed, packed->made.batch.columns, bytes,
                            count, &origin);
    bool fine = code == 0 ? all_inside(&unpacked.batch, bytes, count) : code == WEIR_EINTERNAL;
    if (!fine)
        ck_abort_msg("neither refused nor inside: %d", code);
    if (code == 0)
        read_all(&unpacked.batch);
    weir__unpacked_release(&unpacked);
    return code != 0;
}

START_TEST(test_bytes_that_are_cut_off_are_refused)
{
    uint64_t seed = 5;
    struct packed packed;
    for (int i = 0; i < 20; i++) {
        make_packed(&packed, i % 2 == 0, &seed);
        for (size_t count = 0; count < packed.count; count++) {
            char *exact = malloc(count + (count == 0));
            memcpy(exact, packed.bytes, count);
            if (!read_or_refuse(&packed, exact, count))
                ck_abort_msg("%zu of %zu bytes were taken", count, packed.count);
            free(exact);
        }
    }
}
END_TEST

START_TEST(test_no_changed_byte_leads_outside_of_the_bytes)
{
    uint64_t seed = 6;
    struct packed packed;
    size_t refused = 0;
    for (int i = 0; i < 12; i++) {
        make_packed(&packed, i % 2 == 0, &seed);
        char *exact = malloc(packed.count);
        for (size_t at = 0; at < packed.count; at++) {
            static const unsigned char flips[] = {0x01, 0x10, 0x80, 0xFF};
            for (size_t f = 0; f < COUNT(flips); f++) {
                memcpy(exact, packed.bytes, packed.count);
                exact[at] = (char)(exact[at] ^ flips[f]);
                refused += read_or_refuse(&packed, exact, packed.count);
            }
        }
        free(exact);
    }
    ck_assert_uint_gt(refused, 0);
}
END_TEST

START_TEST(test_heads_of_any_numbers_are_refused_or_harmless)
{
    static const uint32_t numbers[] = {0,          1,          2,          3,          16,
                                       0x0FFFFFFF, 0x10000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    uint64_t seed = 7;
    struct packed packed;
    make_packed(&packed, true, &seed);
    char *exact = malloc(packed.count);
    memcpy(exact, packed.bytes, packed.count);
    for (size_t i = 0; i < COUNT(numbers) * COUNT(numbers) * COUNT(numbers) * 4; i++) {
        uint32_t head[4] = {numbers[i % 10], numbers[i / 10 % 10], numbers[i / 100 % 10],
                            (uint32_t)(i / 1000)};
        memcpy(exact, head, sizeof(head));
        read_or_refuse(&packed, exact, packed.count);
    }
    free(exact);
}
END_TEST

START_TEST(test_bytes_packed_for_other_columns_are_refused)
{
    static const bool one[] = {true, false}, both[] = {true, true}, none[] = {false, false};
    const struct packing packing = {.needed = one};
    struct weir_column column[2] = {0};
    struct weir_batch batch = words_batch(&column[0]);
    struct unpacked unpacked = {0};
    _Alignas(8) char to[256];
    uint32_t record = 0;
    batch.columns = 2;
    size_t bytes = weir__pack(&packing, &batch, &record, to, sizeof(to));
    ck_assert_int_eq(weir__unpack(&unpacked, both, 2, to, bytes, &origin), WEIR_EINTERNAL);
    ck_assert_int_eq(weir__unpack(&unpacked, none, 2, to, bytes, &origin), WEIR_EINTERNAL);
    ck_assert_int_eq(weir__unpack(&unpacked, one, 2, to, bytes, &origin), 0);
    ck_assert_ptr_null(unpacked.batch.column[1].entry);
    weir__unpacked_release(&unpacked);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pack");
    TCase *whole = tcase_create("whole"), *broken = tcase_create("broken");
    tcase_set_timeout(whole, 60);
    tcase_set_timeout(broken, 60);
    tcase_add_test(whole, test_batches_come_back_as_they_were);
    tcase_add_test(whole, test_a_record_takes_its_bytes_an_entry_a_column_and_its_position);
    tcase_add_test(whole, test_nothing_is_packed_behind_the_last_record);
    tcase_add_test(whole, test_an_entry_that_points_outside_its_heap_is_packed_as_null);
    tcase_add_test(whole, test_an_entry_that_grows_while_it_is_packed_takes_no_more_room);
    tcase_add_test(whole, test_records_that_nobody_can_locate_have_no_place);
    tcase_add_test(broken, test_bytes_that_are_cut_off_are_refused);
    tcase_add_test(broken, test_no_changed_byte_leads_outside_of_the_bytes);
    tcase_add_test(broken, test_heads_of_any_numbers_are_refused_or_harmless);
    tcase_add_test(broken, test_bytes_packed_for_other_columns_are_refused);
    suite_add_tcase(suite, whole);
    suite_add_tcase(suite, broken);
    return unit_run(suite);
}
