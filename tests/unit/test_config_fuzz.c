/* Mutated pipeline files: whatever stands in them, loading returns, with a pipeline or with errors,
 * and leaks nothing. */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* config */
#include "config/loader.h"

#include "pipelines.h"

static const char *const seeds[] = {
    "version: 1\n"
    "name: paid-orders\n"
    "vars: {in: samples/orders.csv, out: paid.csv, day: 1}     # a comment\n"
    "secrets: {pw: \"${env:HOME:-x}\"}\n"
    "run: {memory: 64MiB, max_failed: 5%, on_stop: publish}\n"
    "stages:\n"
    "  - id: read\n"
    "    type: toy.read\n"
    "    with: {path: \"${in}\", delimiter: \";\", types: {a: text, b: date}}\n"
    "  - id: paid\n"
    "    type: toy.map\n"
    "    workers: 3\n"
    "    rejects: {path: bad.csv}\n"
    "    with:\n"
    "      where: \"quantity >= 50 and status = 'paid'\"\n"
    "      set: {total: \"round(quantity * unit_price * (1 - discount), 2)\"}\n"
    "      select: [id, country, total]\n"
    "      password: \"${pw}\"\n"
    "  - type: toy.write\n"
    "    inputs: paid\n"
    "    with: {path: \"${out:-x}\"}\n"
    "tests:\n"
    "  - {name: a, stage: paid, types: {a: text}, given: x, expect: \"a,b\"}\n"
    "  - name: b\n"
    "    given: |\n      a\n"
    "    expect: a\n",
    "version: 1\nstages:\n- type: toy.rows\n  order: none\n- type: toy.map\n  with:\n    where: "
    "|\n      a = 1\n"
    "      and b = 'x'\n    select:\n    - a\n    - b # c\n- type: drop\n",
};

/* Bits of text that mean something to YAML or to us. */
static const char *const words[] = {
    ":",
    ": ",
    " #",
    "#",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "|",
    ">",
    "\"",
    "'",
    "&a ",
    "*a",
    "!t ",
    "%",
    "@",
    "`",
    "? ",
    "<<: ",
    "---\n",
    "...\n",
    "\n",
    "\r",
    "\t",
    "  ",
    "${",
    "${in}",
    "}",
    "$${",
    ":-",
    ":?",
    "~",
    "\\",
    "with",
    "type",
    "id: ",
    "null",
    "workers: 2\n",
    "\xc3\xbc",
    "\xff",
    "path: ",
    "inputs: ",
    "vars: ",
    "-",
    "|2-\n",
};

static const struct weir_excerpt excerpts[] = {
    {.stage = "paid", .count = 3}, {.stage = "paid", .from_stdin = true}, {.from_stdin = true}};
static const struct weir_load_options options[] = {
    {0}, {.excerpt = &excerpts[0]}, {.excerpt = &excerpts[1]}, {.excerpt = &excerpts[2]}};

static uint64_t state;

/* xorshift64* (Vigna 2016): the same sequence on every machine. */
static uint32_t pick(uint32_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 0x2545F4914F6CDD1D) >> 33) % below;
}

struct text {
    char bytes[8192];
    size_t length;
};

static void splice(struct text *text, size_t at, size_t drop, const char *add, size_t n)
{
    char tail[sizeof(text->bytes)];
    drop = drop > text->length - at ? text->length - at : drop;
    size_t rest = text->length - at - drop;
    if (at + n + rest >= sizeof(text->bytes))
        return;
    memcpy(tail, text->bytes + at + drop, rest);
    memmove(text->bytes + at, add, n);
    memcpy(text->bytes + at + n, tail, rest);
    text->length = at + n + rest;
}

static void mutate(struct text *text)
{
    size_t at = pick((uint32_t)text->length + 1);
    char piece[64];
    const char *word = words[pick(sizeof(words) / sizeof(words[0]))];
    switch (pick(5)) {
    case 0: splice(text, at, 0, word, strlen(word)); break;
    case 1: splice(text, at, 1 + pick(3), word, strlen(word)); break;
    case 2: splice(text, at, 1 + pick(40), "", 0); break;
    case 3: { /* a piece of it stands elsewhere too */
        size_t from = pick((uint32_t)text->length + 1), n = 1 + pick(sizeof(piece) - 1);
        n = n > text->length - from ? text->length - from : n;
        memcpy(piece, text->bytes + from, n);
        splice(text, at, 0, piece, n);
        break;
    }
    default: piece[0] = (char)pick(256); splice(text, at, 1, piece, 1);
    }
}

START_TEST(test_no_mutated_file_makes_loading_fail_otherwise_than_with_errors)
{
    struct weir_err err = {0};
    unsigned loaded = 0, refused = 0;
    const char *rounds_text = getenv("WEIR_FUZZ_ROUNDS");
    long rounds = rounds_text == NULL ? 4000 : atol(rounds_text);
    ck_assert_int_eq(weir_register(toy_types, &err), 0);
    state = 0x9E3779B97F4A7C15 + (uint64_t)_i;
    for (long round = 0; round < rounds; round++) {
        struct weir_pipeline *pipeline = NULL;
        struct weir_errors errors = {0};
        static struct text text;
        const char *seed = seeds[_i];
        text.length = strlen(seed);
        memcpy(text.bytes, seed, text.length);
        for (uint32_t n = 1 + pick(6); n > 0; n--)
            mutate(&text);
        char *copy = malloc(text.length + 1); /* of its very size: a byte too far is seen by ASan */
        memcpy(copy, text.bytes, text.length);
        int rc =
            weir_pipeline_parse("f.yaml", copy, text.length, &options[pick(4)], &pipeline, &errors);
        ck_assert_int_eq(rc == 0, pipeline != NULL);
        ck_assert_int_eq(rc == 0, errors.count == 0);
        for (size_t i = 0; i < errors.count; i++) {
            ck_assert(errors.list[i].text[0] != '\0');
            ck_assert_int_ne(errors.list[i].code, 0);
        }
        loaded += rc == 0;
        refused += rc != 0;
        weir_pipeline_free(pipeline);
        weir_errors_release(&errors);
        free(copy);
    }
    /* Both kinds came up, or the mutations are too weak or too strong to test anything. */
    ck_assert_uint_gt(loaded, 0);
    ck_assert_uint_gt(refused, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_fuzz");
    TCase *test = tcase_create("config_fuzz");
    tcase_set_timeout(test, 600);
    tcase_add_loop_test(test, test_no_mutated_file_makes_loading_fail_otherwise_than_with_errors, 0,
                        sizeof(seeds) / sizeof(seeds[0]));
    suite_add_tcase(suite, test);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
