#include "engine/blame.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "unit/unit.h"

#define WHOLE TRIAL_WHOLE

/* How a worker died: by its own doing, if not otherwise. */
enum { IDLE = 1, FOREIGN = 2, LATE = 4, PUBLISHED = 8 };

/* What was in hand: 0 is the first input of a ring, 1 the second, 2 the first of another ring. */
static const struct {
    uint64_t ring, position;
} inputs[] = {{0, 0}, {0, 1}, {1, 0}};

struct blow {
    unsigned input;
    uint64_t record;
    unsigned how;
    enum blame blame;
    const char *caution; /* NULL: that was the last */
};

static const struct {
    uint32_t poison_after;
    struct blow blow[10];
} cases[] = {
    /* Nobody's code was running. */
    {1, {{0, WHOLE, IDLE, BLAME_NOBODY, ""}, {0, 3, IDLE, BLAME_NOBODY, ""}}},
    {2,
     {{0, WHOLE, 0, BLAME_NOTED, "careful"},
      {0, 3, 0, BLAME_NOTED, "careful"},
      {1, 3, IDLE, BLAME_NOBODY, "careful"},
      {0, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 2"}}},
    /* A whole batch accuses nobody, however often. */
    {1,
     {{0, WHOLE, 0, BLAME_NOTED, "careful"},
      {0, WHOLE, 0, BLAME_NOTED, "careful"},
      {0, WHOLE, 0, BLAME_NOTED, "careful"}}},
    {5, {{0, WHOLE, 0, BLAME_NOTED, "careful"}}},
    {1,
     {{0, WHOLE, FOREIGN, BLAME_NOTED, ""},
      {0, WHOLE, FOREIGN, BLAME_NOTED, ""},
      {0, WHOLE, FOREIGN, BLAME_NOTED, ""},
      {0, WHOLE, FOREIGN, BLAME_NOTED, ""},
      {0, WHOLE, FOREIGN, BLAME_NOTED, "careful"},
      {0, WHOLE, FOREIGN, BLAME_NOTED, "careful"}}},
    {1, {{0, WHOLE, FOREIGN, BLAME_NOTED, ""}, {0, WHOLE, 0, BLAME_NOTED, "careful"}}},
    /* So many by the record's own doing. */
    {1, {{0, 0, 0, BLAME_DOOMED, "careful, 0 doomed by 1"}}},
    {2, {{0, 3, 0, BLAME_NOTED, ""}, {0, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 2"}}},
    {3,
     {{0, WHOLE, 0, BLAME_NOTED, "careful"},
      {0, 3, 0, BLAME_NOTED, "careful"},
      {0, 3, LATE, BLAME_NOTED, "careful"},
      {0, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 3"}}},
    /* Five from outside, whatever poison_after is; each kind is counted for itself. */
    {1,
     {{0, 3, FOREIGN, BLAME_NOTED, ""},
      {0, 3, FOREIGN, BLAME_NOTED, ""},
      {0, 3, FOREIGN, BLAME_NOTED, ""},
      {0, 3, FOREIGN, BLAME_NOTED, ""},
      {0, 3, FOREIGN, BLAME_DOOMED, "careful, 3 doomed by 5"}}},
    {2,
     {{0, 3, FOREIGN, BLAME_NOTED, ""},
      {0, 3, 0, BLAME_NOTED, ""},
      {0, 3, FOREIGN, BLAME_NOTED, ""},
      {0, 3, FOREIGN, BLAME_NOTED, ""},
      {0, 3, FOREIGN, BLAME_NOTED, ""},
      {0, 3, FOREIGN, BLAME_DOOMED, "careful, 3 doomed by 6"}}},
    {2,
     {{0, 3, FOREIGN, BLAME_NOTED, ""},
      {0, 3, 0, BLAME_NOTED, ""},
      {0, 3, FOREIGN, BLAME_NOTED, ""},
      {0, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 4"}}},
    {9,
     {{0, 3, 0, BLAME_NOTED, ""},
      {0, 3, 0, BLAME_NOTED, ""},
      {0, 3, FOREIGN, BLAME_NOTED, ""},
      {0, 3, FOREIGN, BLAME_NOTED, ""},
      {0, 3, FOREIGN, BLAME_NOTED, ""},
      {0, 3, FOREIGN, BLAME_NOTED, ""},
      {0, 3, FOREIGN, BLAME_DOOMED, "careful, 3 doomed by 7"}}},
    /* On the same record: another one in between, the whole batch, another input. */
    {2,
     {{0, 3, 0, BLAME_NOTED, ""},
      {0, 4, 0, BLAME_NOTED, ""},
      {0, 3, 0, BLAME_NOTED, ""},
      {0, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 2"}}},
    {2,
     {{0, 3, 0, BLAME_NOTED, ""},
      {0, WHOLE, 0, BLAME_NOTED, "careful"},
      {0, 3, 0, BLAME_NOTED, "careful"},
      {0, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 2"}}},
    {2,
     {{0, 3, 0, BLAME_NOTED, ""},
      {1, 3, 0, BLAME_NOTED, ""},
      {2, 3, 0, BLAME_NOTED, ""},
      {0, 3, 0, BLAME_NOTED, ""},
      {0, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 2"}}},
    /* A caution holds for its input only. */
    {2, {{0, WHOLE, 0, BLAME_NOTED, "careful"}, {1, WHOLE, FOREIGN, BLAME_NOTED, ""}}},
    {2, {{0, WHOLE, 0, BLAME_NOTED, "careful"}, {2, 3, 0, BLAME_NOTED, ""}}},
    {2, {{0, WHOLE, LATE, BLAME_NOTED, "careful, slow"}, {1, WHOLE, 0, BLAME_NOTED, "careful"}}},
    {1, {{0, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 1"}, {1, 3, FOREIGN, BLAME_NOTED, ""}}},
    {1,
     {{0, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 1"},
      {1, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 1"},
      {2, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 1"}}},
    /* Several records of one input, one after the other. */
    {2,
     {{0, WHOLE, 0, BLAME_NOTED, "careful"},
      {0, 3, 0, BLAME_NOTED, "careful"},
      {0, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 2"},
      {0, 7, 0, BLAME_NOTED, "careful, 3 doomed by 2"},
      {0, 7, 0, BLAME_DOOMED, "careful, 7 doomed by 2"},
      {0, WHOLE, 0, BLAME_NOTED, "careful, 7 doomed by 2"}}},
    /* Doomed once only, though a worker may die while it sets the record aside: what is published
     * of that already goes on with the same words. */
    {2,
     {{0, 3, 0, BLAME_NOTED, ""},
      {0, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 2"},
      {0, 3, 0, BLAME_NOTED, "careful, 3 doomed by 3"},
      {0, 3, FOREIGN, BLAME_NOTED, "careful, 3 doomed by 3"}}},
    {2,
     {{0, 3, 0, BLAME_NOTED, ""},
      {0, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 2"},
      {0, 3, PUBLISHED, BLAME_NOTED, "careful, 3 doomed by 2"},
      {0, 3, PUBLISHED | FOREIGN, BLAME_NOTED, "careful, 3 doomed by 2"}}},
    {1,
     {{0, 3, 0, BLAME_DOOMED, "careful, 3 doomed by 1"},
      {0, 3, 0, BLAME_NOTED, "careful, 3 doomed by 2"},
      {0, 3, PUBLISHED, BLAME_NOTED, "careful, 3 doomed by 2"},
      {0, 4, 0, BLAME_DOOMED, "careful, 4 doomed by 1"}}},
    {1, {{0, 3, PUBLISHED, BLAME_DOOMED, "careful, 3 doomed by 1"}}},
    /* A batch that is late may be a slow stage's; a record that is late is to blame. */
    {2,
     {{0, WHOLE, LATE, BLAME_NOTED, "careful, slow"},
      {0, 3, LATE, BLAME_NOTED, "careful, slow"},
      {0, 3, LATE, BLAME_DOOMED, "careful, slow, 3 doomed by 2"}}},
    {2,
     {{0, WHOLE, LATE, BLAME_NOTED, "careful, slow"}, {0, WHOLE, 0, BLAME_NOTED, "careful, slow"}}},
    {1, {{0, 3, LATE, BLAME_DOOMED, "careful, 3 doomed by 1"}}},
};

static const char *caution_text(const struct caution *caution, char *to, size_t room)
{
    char doomed[64] = "";
    if (caution->doomed)
        snprintf(doomed, sizeof(doomed), ", %" PRIu64 " doomed by %u", caution->record,
                 caution->deaths);
    snprintf(to, room, "%s%s%s", caution->careful ? "careful" : "", caution->slow ? ", slow" : "",
             doomed);
    return to;
}

static enum blame die(struct blame_book *book, const struct blow *blow, uint32_t poison_after)
{
    const struct trial trial = {.ring = inputs[blow->input].ring,
                                .position = inputs[blow->input].position,
                                .record = blow->record};
    return weir__blame_death(
        book,
        &(struct death){.trial = &trial,
                        .running = blow->how & IDLE ? 0 : trial_running(1000, 0),
                        .foreign = (blow->how & FOREIGN) != 0,
                        .late = (blow->how & LATE) != 0,
                        .published = (blow->how & PUBLISHED) != 0,
                        .reason = "SIGSEGV"},
        poison_after);
}

START_TEST(test_deaths_one_after_the_other)
{
    struct blame_book book = {0};
    char text[128];
    for (const struct blow *blow = cases[_i].blow; blow->caution != NULL; blow++) {
        int nth = (int)(blow - cases[_i].blow) + 1;
        ck_assert_msg(die(&book, blow, cases[_i].poison_after) == blow->blame, "death %d", nth);
        caution_text(&book.caution, text, sizeof(text));
        ck_assert_msg(strcmp(text, blow->caution) == 0, "death %d: '%s', not '%s'", nth, text,
                      blow->caution);
        ck_assert(!book.caution.refused); /* that is for others to say */
        if (blow->blame != BLAME_NOBODY) {
            ck_assert_uint_eq(book.caution.ring, inputs[blow->input].ring);
            ck_assert_uint_eq(book.caution.position, inputs[blow->input].position);
        }
    }
}
END_TEST

/* Member 2 of a seat died on record 3, which is doomed by it. */
static enum blame die_for(struct blame_book *book, const char *reason, bool published)
{
    const struct trial trial = {.record = 3};
    return weir__blame_death(book,
                             &(struct death){.trial = &trial,
                                             .running = trial_running(1000, 2),
                                             .published = published,
                                             .reason = reason},
                             1);
}

START_TEST(test_the_caution_tells_whose_code_when_and_of_what)
{
    struct blame_book book = {0};
    uint64_t before = (uint64_t)time(NULL);
    ck_assert_int_eq(die_for(&book, "SIGSEGV", false), BLAME_DOOMED);
    ck_assert_uint_eq(book.caution.member, 2);
    ck_assert_str_eq(book.caution.reason, "SIGSEGV");
    ck_assert_uint_ge(book.caution.time, before);
    ck_assert_uint_le(book.caution.time, (uint64_t)time(NULL));
}
END_TEST

START_TEST(test_the_words_change_until_a_part_is_published)
{
    struct blame_book book = {0};
    die_for(&book, "SIGSEGV", false);
    die_for(&book, "exit 3", false);
    ck_assert_str_eq(book.caution.reason, "exit 3");
    book.caution.time = 1;
    die_for(&book, "SIGBUS", true);
    ck_assert_str_eq(book.caution.reason, "exit 3");
    ck_assert_uint_eq(book.caution.time, 1);
}
END_TEST

/* While its successor sets the record aside, in the code of a member before. */
START_TEST(test_a_kill_from_outside_does_not_change_who_is_to_blame)
{
    const struct trial trial = {.record = 3};
    const struct death killed = {
        .trial = &trial, .running = trial_running(2, 1), .foreign = true, .reason = "SIGKILL"};
    struct blame_book book = {0};
    die_for(&book, "SIGSEGV", false);
    ck_assert_int_eq(weir__blame_death(&book, &killed, 1), BLAME_NOTED);
    ck_assert(book.caution.doomed);
    ck_assert_uint_eq(book.caution.member, 2);
    ck_assert_uint_eq(book.caution.deaths, 1);
    ck_assert_str_eq(book.caution.reason, "SIGSEGV");
}
END_TEST

START_TEST(test_a_long_reason_is_cut)
{
    struct blame_book book = {0};
    char reason[200] = "";
    memset(reason, 'r', sizeof(reason) - 1);
    die_for(&book, reason, false);
    ck_assert_uint_eq(strlen(book.caution.reason), sizeof(book.caution.reason) - 1);
}
END_TEST

START_TEST(test_the_word_of_a_trial_holds_time_and_member)
{
    static const uint64_t times[] = {0, 1, 1000, UINT64_C(1) << 55};
    static const uint32_t members[] = {0, 1, 15, 254};
    for (size_t t = 0; t < COUNT(times); t++)
        for (size_t m = 0; m < COUNT(members); m++) {
            uint64_t running = trial_running(times[t], members[m]);
            ck_assert_uint_ne(running, 0);
            ck_assert_uint_eq(trial_since_us(running), times[t]);
            ck_assert_uint_eq(trial_member(running), members[m]);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("blame");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_deaths_one_after_the_other, 0, (int)COUNT(cases));
    tcase_add_test(all, test_the_caution_tells_whose_code_when_and_of_what);
    tcase_add_test(all, test_the_words_change_until_a_part_is_published);
    tcase_add_test(all, test_a_kill_from_outside_does_not_change_who_is_to_blame);
    tcase_add_test(all, test_a_long_reason_is_cut);
    tcase_add_test(all, test_the_word_of_a_trial_holds_time_and_member);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
