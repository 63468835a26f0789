#include "csv/separators.h"

#include <stdlib.h>
#include <string.h>

#define STRETCH ((size_t)16 << 10) /* bytes looked at in a call: the offsets stay in the cache */

/* ---- marks ---- */

struct dialect {
    unsigned char delimiter, quote;
    bool blank_stops;
};

/* Marks a block. False if it is not regular; then nothing has been changed. */
MASKS_INLINE bool mark_block(struct separators_carry *carry, const struct masks *masks,
                             bool blank_stops, struct separators_mark *ret, bool *ret_doubled)
{
    bool regular;
    uint64_t inside = inside_of(masks, &carry->quotes, &regular);
    uint64_t ends = masks->end & ~inside, behind_end = ends << 1 | carry->at_row;
    uint64_t blank = ends & behind_end & ~(masks->lf & (masks->cr << 1 | carry->quotes.after_cr));
    if (__builtin_expect(!regular || (blank_stops && blank != 0), 0))
        return false;
    *ret = (struct separators_mark){masks->delimiter & ~inside, ends};
    *ret_doubled = (masks->quote & inside & (masks->quote << 1 | carry->quotes.after_quote)) != 0;
    carry_on(&carry->quotes, masks, inside);
    carry->quotes.after_cr = masks->cr >> 63;
    carry->at_row = ends >> 63;
    return true;
}

/* Goes on at the first block that is not marked, up to so many. */
#define DEFINE_MARK(NAME, SIMD, TARGET)                                                            \
    TARGET static void mark_##NAME(struct marks *marks, const struct dialect *dialect,             \
                                   const char *text, size_t blocks)                                \
    {                                                                                              \
        const struct needles_##NAME needles = needles_##NAME(dialect->delimiter, dialect->quote);  \
        const bool blank_stops = dialect->blank_stops;                                             \
        struct separators_carry carry = marks->carry;                                              \
        struct separators_mark *mark = marks->mark;                                                \
        bool *doubled = marks->doubled;                                                            \
        uint64_t lines = 0;                                                                        \
        size_t i = marks->blocks;                                                                  \
        for (; i < blocks; i++) {                                                                  \
            const uint64_t after_cr = carry.quotes.after_cr;                                       \
            struct masks masks = masks_##NAME(&needles, text + i * MASKS_BLOCK);                   \
            if (!mark_block(&carry, &masks, blank_stops, &mark[i], &doubled[i]))                   \
                break;                                                                             \
            lines += lines_in(&masks, after_cr);                                                   \
        }                                                                                          \
        marks->blocks = i;                                                                         \
        marks->carry = carry;                                                                      \
        marks->lines += lines;                                                                     \
    }
MASKS_TWINS(DEFINE_MARK)

/* ---- offsets ---- */

/* By the bits below each row end: how many separators there are up to it. Two rows at a time,
 * whether there are any or not: a branch for each would be guessed wrong. */
MASKS_INLINE void put_rows(struct separators *s, uint64_t separators, uint64_t ends,
                           uint64_t begins)
{
    uint32_t *begin = s->begin + s->begins, *last = s->last + s->rows;
    const uint32_t before = (uint32_t)s->count - 1, next = (uint32_t)s->next;
    s->begins += (size_t)__builtin_popcountll(begins);
    s->rows += (size_t)__builtin_popcountll(ends);
    do {
        for (int i = 0; i < 2; i++) {
            uint64_t up_to = ends ^ (ends - 1);
            *begin++ = next + (uint32_t)__builtin_ctzll(begins | MASKS_TOP);
            *last++ = before + (uint32_t)__builtin_popcountll(separators & up_to);
            begins &= begins - 1;
            ends &= ends - 1;
        }
    } while (__builtin_expect((begins | ends) != 0, 0));
}

/* Of so many marked blocks. The bytes in `valid` are text. */
#define DEFINE_PUT(NAME, SIMD, TARGET)                                                             \
    TARGET static void put_all_##NAME(struct separators *ret, const struct separators_mark *mark,  \
                                      const bool *doubled, size_t blocks, uint64_t valid)          \
    {                                                                                              \
        struct separators s = *ret;                                                                \
        for (size_t i = 0; i < blocks; i++, s.next += MASKS_BLOCK) {                               \
            uint64_t all_ends = mark[i].ends, behind_end = all_ends << 1 | s.at_row;               \
            if ((mark[i].delimiters | behind_end | all_ends | doubled[i]) == 0)                    \
                continue; /* in the middle of a long text */                                       \
            uint64_t ends = all_ends & ~behind_end, separators = mark[i].delimiters | ends;        \
            uint32_t row = (uint32_t)s.rows;                                                       \
            put_rows(&s, separators, ends, behind_end & ~all_ends & valid);                        \
            s.at_row = all_ends >> 63;                                                             \
            s.doubled[s.doubles] = (struct separators_rows){row, (uint32_t)s.rows};                \
            s.doubles += doubled[i];                                                               \
            s.count = (size_t)(put_##NAME(s.at + s.count, separators, s.next) - s.at);             \
        }                                                                                          \
        *ret = s;                                                                                  \
    }
MASKS_TWINS(DEFINE_PUT)

#define TWINS_ENTRY(NAME, SIMD, TARGET) [SIMD] = {mark_##NAME, put_all_##NAME},
static const struct {
    void (*mark)(struct marks *marks, const struct dialect *dialect, const char *text,
                 size_t blocks);
    void (*put)(struct separators *s, const struct separators_mark *mark, const bool *doubled,
                size_t blocks, uint64_t valid);
} twins[SIMD_COUNT] = {MASKS_TWINS(TWINS_ENTRY)};

/* ---- marks of a text ---- */

static bool reserve_marks(struct marks *marks, size_t blocks)
{
    if (blocks <= marks->capacity)
        return true;
    weir__marks_release(marks);
    marks->mark = malloc(blocks * sizeof(*marks->mark));
    marks->doubled = malloc(blocks * sizeof(*marks->doubled));
    if (marks->mark == NULL || marks->doubled == NULL) {
        weir__marks_release(marks);
        return false;
    }
    marks->capacity = blocks;
    return true;
}

void weir__marks_release(struct marks *marks)
{
    free(marks->mark);
    free(marks->doubled);
    *marks = (struct marks){0};
}

void weir__marks_scan(struct marks *marks, const struct rows *rows, struct rows_scan *scan,
                      const char *text, size_t n)
{
    const struct dialect dialect = {rows->delimiter, rows->quote, false};
    size_t blocks = n / MASKS_BLOCK, marked = 0;
    bool knows = rows->comment < 0 && !rows->trims && reserve_marks(marks, blocks);
    marks->blocks = 0;
    if (knows) {
        marks->lines = 0;
        marks->carry = (struct separators_carry){carry_of(scan->state, scan->after_cr),
                                                 scan->state == ROWS_ROW};
        twins[rows->simd].mark(marks, &dialect, text, blocks);
    }
    if (marks->blocks > 0) {
        marked = marks->blocks * MASKS_BLOCK;
        scan->state = state_of(rows, &marks->carry.quotes, text[marked - 1]);
        scan->after_cr = marks->carry.quotes.after_cr != 0;
        scan->lines += marks->lines;
    }
    weir__rows_scan(rows, scan, text + marked, n - marked);
}

void weir__marks_correct(struct marks *marks, const struct rows *rows, enum rows_state state,
                         bool after_cr, const char *text)
{
    const struct dialect dialect = {rows->delimiter, rows->quote, false};
    const size_t all = marks->blocks, most = ROWS_MEET_BYTES / MASKS_BLOCK;
    const struct separators_carry behind = marks->carry;
    size_t blocks = all < most ? all : most;
    marks->carry = (struct separators_carry){carry_of(state, after_cr), state == ROWS_ROW};
    marks->blocks = 0;
    twins[rows->simd].mark(marks, &dialect, text, blocks);
    if (marks->blocks == blocks && blocks < all) {
        marks->blocks = all;
        marks->carry = behind;
    }
}

void weir__marks_begin(struct marks *marks, size_t offset)
{
    size_t block = offset / MASKS_BLOCK;
    marks->offset = offset;
    if (block < marks->blocks) {
        uint64_t from = UINT64_MAX << offset % MASKS_BLOCK;
        marks->mark[block].delimiters &= from;
        marks->mark[block].ends &= from;
    }
}

/* ---- the index ---- */

/* What is kept of a row in work, and what a stretch adds; sixteen offsets and two rows more
 * may be written. */
bool weir__separators_init(struct separators *s, const struct rows *rows, size_t columns)
{
    s->capacity = columns + STRETCH + 2 * MASKS_BLOCK;
    s->simd = rows->simd;
    s->delimiter = rows->delimiter;
    s->quote = rows->quote;
    s->at = malloc(s->capacity * sizeof(*s->at));
    s->begin = malloc((STRETCH + 4) * sizeof(*s->begin));
    s->last = malloc((STRETCH + 4) * sizeof(*s->last));
    s->doubled = malloc((STRETCH / MASKS_BLOCK + 4) * sizeof(*s->doubled));
    return reserve_marks(&s->stretch, STRETCH / MASKS_BLOCK) && s->at != NULL && s->begin != NULL &&
           s->last != NULL && s->doubled != NULL;
}

void weir__separators_release(struct separators *s)
{
    free(s->at);
    free(s->begin);
    free(s->last);
    free(s->doubled);
    weir__marks_release(&s->stretch);
    s->at = s->begin = s->last = NULL;
    s->doubled = NULL;
}

void weir__separators_begin(struct separators *s, size_t offset)
{
    s->count = s->begins = s->rows = s->doubles = 0;
    s->next = offset;
    s->at_row = 1;
    s->stretch.carry = (struct separators_carry){.quotes.may_open = 1, .at_row = 1};
    s->known = NULL;
}

void weir__separators_begin_known(struct separators *s, const struct marks *marks, size_t n)
{
    size_t block = marks->offset / MASKS_BLOCK, bytes = marks->blocks * MASKS_BLOCK;
    weir__separators_begin(s, 0);
    if (s->blank_stops || block >= marks->blocks || bytes - marks->offset > n)
        return;
    s->known = marks;
    s->known_next = block;
    s->next = block * MASKS_BLOCK - marks->offset; /* below 0 where the text begins in a block */
    s->at_row = UINT64_C(1) << marks->offset % MASKS_BLOCK;
}

void weir__separators_drop(struct separators *s)
{
    s->doubles = s->doubles > 0 && s->doubled[s->doubles - 1].last == s->rows;
    s->doubled[0] = (struct separators_rows){0, 0};
    if (s->rows == 0)
        return;
    size_t used = s->last[s->rows - 1] + (size_t)1;
    memmove(s->at, s->at + used, (s->count - used) * sizeof(*s->at));
    s->count -= used;
    s->begin[0] = s->begin[s->begins - 1];
    s->begins -= s->rows;
    s->rows = 0;
}

/* Takes over marks that were there before. False if the text ends with them. */
static bool add_known(struct separators *s, size_t n)
{
    const struct marks *known = s->known;
    size_t from = s->known_next, left = known->blocks - from;
    size_t blocks = left < STRETCH / MASKS_BLOCK ? left : STRETCH / MASKS_BLOCK;
    twins[s->simd].put(s, known->mark + from, known->doubled + from, blocks, UINT64_MAX);
    s->known_next += blocks;
    if (blocks < left)
        return true;
    s->stretch.carry = known->carry;
    s->known = NULL;
    return s->next < n;
}

/* What is left of the text when no full block is. */
static void add_rest(struct separators *s, const char *text, size_t n)
{
    char block[MASKS_BLOCK] = {0};
    uint64_t valid = (UINT64_C(1) << (n - s->next)) - 1;
    memcpy(block, text + s->next, n - s->next);
    const struct needles_c needles = needles_c(s->delimiter, s->quote);
    struct masks masks = masks_c(&needles, block);
    masks.delimiter &= valid;
    masks.quote &= valid;
    masks.parity = parity_c(masks.quote);
    if (!mark_block(&s->stretch.carry, &masks, s->blank_stops, s->stretch.mark, s->stretch.doubled))
        return;
    put_all_c(s, s->stretch.mark, s->stretch.doubled, 1, valid);
    s->next = n;
}

bool weir__separators_more(struct separators *s, const char *text, size_t n)
{
    if (s->count + STRETCH + MASKS_BLOCK > s->capacity)
        return false;
    if (s->known != NULL)
        return add_known(s, n);
    const struct dialect dialect = {s->delimiter, s->quote, s->blank_stops};
    size_t left = n - s->next, blocks = (left < STRETCH ? left : STRETCH) / MASKS_BLOCK;
    s->stretch.blocks = 0;
    twins[s->simd].mark(&s->stretch, &dialect, text + s->next, blocks);
    twins[s->simd].put(s, s->stretch.mark, s->stretch.doubled, s->stretch.blocks, UINT64_MAX);
    if (s->stretch.blocks < blocks)
        return false;
    if (n - s->next >= MASKS_BLOCK)
        return true;
    if (s->next < n)
        add_rest(s, text, n);
    return false;
}
