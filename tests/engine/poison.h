/*
 * poison.h - a stage that dies of some records, in one way after the other, and what a run with it
 * must leave: the quarantine has exactly these.
 */
#ifndef WEIR_TESTS_POISON_H
#define WEIR_TESTS_POISON_H

#include "engine/toys.h"

#include "file/quarantine.h"

/* As on_event: the deaths are meant. */
static void hear_nothing(const char *text, void *context)
{
    (void)text;
    (void)context;
}

/* ---- a stage that dies of every `every`-th number, in one way after the other ---- */

enum way { WAY_SEGV, WAY_ABORT, WAY_EXIT, WAY_HANG, WAY_EAT, WAYS };

static bool is_poison(int64_t n, int64_t every)
{
    return every > 0 && n % every == every / 2;
}

/* Without a core file, without sanitizers' reports. */
static void die_of(int signal_number)
{
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void suffer(enum way way)
{
    switch (way) {
    case WAY_SEGV: die_of(SIGSEGV); break;
    case WAY_ABORT: die_of(SIGABRT); break;
    case WAY_EXIT: _exit(3);
    case WAY_HANG:
        for (;;)
            pause();
    case WAY_EAT:
    case WAYS: break;
    }
}

/* 1 GiB, bit by bit. As a stage should, it says so when there is no more. */
static int eat(void)
{
    for (int i = 0; i < 64; i++) {
        volatile char *bytes = malloc(16 << 20);
        if (bytes == NULL)
            return WEIR_EOS;
        for (size_t at = 0; at < 16 << 20; at += 4096)
            bytes[at] = 1;
    }
    return 0;
}

static int poison_process(struct weir_stage *stage, const struct weir_batch *in, uint64_t *cursor,
                          struct weir_output *out)
{
    int64_t every = weir_option_number(stage, "every"), ways = weir_option_number(stage, "ways"),
            delay = weir_option_number(stage, "delay_us");
    for (uint32_t record = (uint32_t)*cursor; record < in->records; record++) {
        int64_t n = number_at(in, record);
        if (delay > 0)
            usleep((useconds_t)delay);
        if (!is_poison(n, every))
            continue;
        enum way way = (enum way)(n / every % WAYS);
        if ((ways >> way & 1) == 0)
            way = WAY_SEGV;
        suffer(way);
        if (way == WAY_EAT && eat() < 0)
            return WEIR_EOS;
    }
    return pass_process(stage, in, cursor, out);
}

static const struct weir_option poison_options[] = {
    {"every", WEIR_OPT_COUNT, "0", NULL, false, "one in so many numbers kills"},
    {"ways", WEIR_OPT_COUNT, "31", NULL, false, "a bit for each way to die"},
    {"delay_us", WEIR_OPT_COUNT, "0", NULL, false, "how long it takes for a number"},
    {"reject", WEIR_OPT_COUNT, NULL, NULL, false, "its multiples are rejected"},
    {"fail", WEIR_OPT_COUNT, NULL, NULL, false, "fails from this number on"},
    {"some", WEIR_OPT_COUNT, "1000000", NULL, false, "how many it takes in one call"},
    {0}};

static const struct weir_stage_type poison = {.abi = WEIR_STAGE_ABI,
                                              .size = sizeof(struct weir_stage_type),
                                              .name = "test.poison",
                                              .summary = "dies of some",
                                              .options = poison_options,
                                              .traits = WEIR_REJECTS,
                                              .configure = pass_configure,
                                              .bind = pass_bind,
                                              .process = poison_process,
                                              .close = pass_close};

/* ---- the quarantine ---- */

static char aside[160];

static void set_quarantine(struct weir_pipeline *pipeline, uint64_t max)
{
    snprintf(aside, sizeof(aside), "%s/aside", folder);
    pipeline->quarantine.path = strdup(aside);
    pipeline->quarantine.max = max;
    pipeline->quarantine.poison_after = 2;
}

static void remove_outputs(void)
{
    char raw[192];
    snprintf(raw, sizeof(raw), "%s.raw", aside);
    unlink(output);
    unlink(aside);
    unlink(raw);
}

/* Every poisonous number stands once in the quarantine, and nothing else. */
static void assert_set_aside(uint64_t count, int64_t every)
{
    char *line = NULL;
    size_t room = 0;
    uint64_t found = 0, poisons = 0;
    char *seen = calloc(count + 1, 1);
    FILE *file = fopen(aside, "re");
    for (uint64_t n = 0; n < count; n++)
        poisons += is_poison((int64_t)n, every);
    while (file != NULL && getline(&line, &room, file) > 0) {
        const char *record = strstr(line, "\"record\":{\"n\":\"");
        ck_assert_msg(record != NULL, "%s", line);
        uint64_t n = strtoull(record + strlen("\"record\":{\"n\":\""), NULL, 10);
        ck_assert_uint_lt(n, count);
        ck_assert(is_poison((int64_t)n, every));
        ck_assert_int_eq(seen[n]++, 0);
        found++;
    }
    if (file != NULL)
        fclose(file);
    ck_assert_uint_eq(found, poisons);
    free(line);
    free(seen);
}

#endif
