#include "engine/stats.h"

#include "unit/chain.h"

/*
 * A pipeline as it would be planned, whose ledgers are written by hand: a source that is cut and
 * parse, a filter of two seats in the parser's group, a sink, the parser's rejects file, and the
 * quarantine.
 */
enum { READ, KEEP, WRITE, BAD, ASIDE, STAGES };
enum { CUT, WORK, SINK, REJECTS, QUARANTINE, GROUPS };

static const struct weir_stage_type cut = {.name = "t.cut", .traits = WEIR_SOURCE},
                                    parse = {.name = "t.parse"}, keep = {.name = "t.keep"},
                                    sink = {.name = "t.write", .traits = WEIR_SINK};
static const struct chain_shape shape = {GROUPS, 4, 64, {1, 2, 1, 1, 1}, false, 0, CHAIN};

static struct chain chain;
static struct weir_receipt *receipt;
static struct weir_pipeline pipeline;

static void add_stage(const char *id, const struct weir_stage_type *type, bool implicit)
{
    struct blueprint_stage *stage = weir__blueprint_add_stage(&chain.blueprint);
    *stage = (struct blueprint_stage){.id = strdup(id), .type = type, .implicit = implicit};
    ck_assert_ptr_nonnull(stage->id);
}

static void set_member(uint32_t group, uint32_t m, uint32_t stage,
                       const struct weir_stage_type *type, int reject_port)
{
    struct group *at = &chain.blueprint.group[group];
    at->member[m] = (struct member){
        .stage = stage, .type = type, .raw_out = group == CUT, .reject_port = reject_port};
    at->members = m + 1;
}

static void add_port(uint32_t group, enum port_kind kind, uint32_t reader)
{
    struct group *at = &chain.blueprint.group[group];
    at->port[at->ports++] =
        (struct port){.kind = kind, .readers = 1, .reader = {{.group = reader}}, .seldom = true};
}

/* What leaves the chain for files of its own. */
static void add_ports(void)
{
    chain_make(&chain, &shape);
    munmap(chain.view.segment.base, chain.view.segment.bytes);
    for (uint32_t g = SINK; g < GROUPS; g++)
        chain.blueprint.group[g].ports = 0;
    add_port(WORK, PORT_REJECTS, REJECTS);
    add_port(WORK, PORT_ASIDE, QUARANTINE);
    weir__blueprint_layout(&chain.blueprint, 0);
    chain_map(&chain);
}

static void setup(void)
{
    add_ports();
    chain.blueprint.name = strdup("sums");
    chain.blueprint.run_id = strdup("7f3a0000");
    add_stage("read", &cut, false);
    add_stage("keep", &keep, false);
    add_stage("write", &sink, false);
    add_stage("read.rejects", &sink, true);
    add_stage("quarantine", &sink, true);
    set_member(CUT, 0, READ, &cut, -1);
    set_member(WORK, 0, READ, &parse, 1);
    set_member(WORK, 1, KEEP, &keep, -1);
    chain.blueprint.group[WORK].port[0].member = 1;
    set_member(SINK, 0, WRITE, &sink, -1);
    set_member(REJECTS, 0, BAD, &sink, -1);
    set_member(QUARANTINE, 0, ASIDE, &sink, -1);
    chain.blueprint.group[QUARANTINE].lazy = true;
    receipt = weir__receipt_new(&chain.view);
    ck_assert_ptr_nonnull(receipt);
    receipt->elapsed_ns = 1000;
    pipeline = (struct weir_pipeline){0};
}

static void teardown(void)
{
    free((void *)(uintptr_t)receipt->stage);
    free(receipt);
    chain_release(&chain);
}

static struct ledger_copy *ledger(uint32_t group, uint32_t seat)
{
    return &view_seat(&chain.view, group, seat)->copy[0];
}

static struct member_counts *counts(uint32_t group, uint32_t seat, uint32_t m)
{
    return &ledger(group, seat)->total[m];
}

/* 100 records are found, 5 of them rejected; two seats filter the others; 50 are written. */
static void write_good_run(void)
{
    *counts(CUT, 0, 0) = (struct member_counts){.bytes = 1000};
    *counts(WORK, 0, 0) = (struct member_counts){.in = 60, .out = 57, .rejected = 3};
    *counts(WORK, 1, 0) = (struct member_counts){.in = 40, .out = 38, .rejected = 2};
    *counts(WORK, 0, 1) =
        (struct member_counts){.in = 57, .out = 30, .dropped = 27, .null_dropped = 4};
    *counts(WORK, 1, 1) = (struct member_counts){.in = 38, .out = 20, .dropped = 18};
    *counts(SINK, 0, 0) = (struct member_counts){.in = 50, .bytes = 400};
    *counts(REJECTS, 0, 0) = (struct member_counts){.in = 5, .bytes = 90};
    snprintf(view_seat(&chain.view, REJECTS, 0)->published, 512, "bad.csv");
}

/* Two records more were found, and killed the filter. */
static void set_two_aside(void)
{
    counts(WORK, 1, 0)->in += 2;
    counts(WORK, 1, 0)->out += 2;
    counts(WORK, 1, 1)->in += 2;
    counts(WORK, 1, 1)->quarantined += 2;
    counts(QUARANTINE, 0, 0)->in = 2;
}

static const struct weir_stage_stats *read_stage(uint32_t stage)
{
    weir__receipt_read(receipt, &chain.view);
    return &receipt->stage[stage];
}

static bool balanced(void)
{
    weir__receipt_read(receipt, &chain.view);
    return receipt->balanced;
}

/* ---- the figures ---- */

START_TEST(test_a_run_that_has_done_nothing_balances)
{
    ck_assert(balanced());
    ck_assert_uint_eq(receipt->stages, 4); /* without the quarantine */
    ck_assert_str_eq(receipt->name, "sums");
    ck_assert_str_eq(receipt->stage[READ].id, "read");
    ck_assert(receipt->stage[READ].source && receipt->stage[WRITE].sink);
}
END_TEST

START_TEST(test_the_seats_and_members_of_a_stage_are_added_up)
{
    write_good_run();
    const struct weir_stage_stats *read = read_stage(READ), *keeps = &receipt->stage[KEEP];
    ck_assert(receipt->balanced);
    ck_assert_uint_eq(read->in, 100);
    ck_assert_uint_eq(read->rejected, 5);
    ck_assert_uint_eq(read->used, 95);
    ck_assert_uint_eq(read->out, 95);
    ck_assert_uint_eq(read->bytes, 1000);
    ck_assert_uint_eq(keeps->in, 95);
    ck_assert_uint_eq(keeps->dropped, 45);
    ck_assert_uint_eq(keeps->null_dropped, 4);
    ck_assert_uint_eq(keeps->used, 50);
    ck_assert_uint_eq(receipt->stage[WRITE].in, 50);
    ck_assert_uint_eq(receipt->stage[WRITE].used, 50);
    ck_assert_uint_eq(receipt->stage[WRITE].bytes, 400);
    ck_assert_uint_eq(receipt->stage[BAD].in, 5);
    ck_assert_str_eq(receipt->stage[BAD].published, "bad.csv");
    ck_assert_ptr_null(receipt->stage[WRITE].published);
}
END_TEST

START_TEST(test_what_an_unfinished_input_has_given_counts_too)
{
    write_good_run();
    ledger(WORK, 0)->open[0] = (struct member_counts){.in = 7, .out = 7};
    ledger(WORK, 0)->open[1] = (struct member_counts){.in = 7, .dropped = 7};
    const struct weir_stage_stats *read = read_stage(READ);
    ck_assert(receipt->balanced);
    ck_assert_uint_eq(read->in, 107);
    ck_assert_uint_eq(receipt->stage[KEEP].dropped, 52);
}
END_TEST

START_TEST(test_records_that_killed_their_workers_have_a_column_and_a_line)
{
    write_good_run();
    set_two_aside();
    const struct weir_stage_stats *keeps = read_stage(KEEP);
    ck_assert(receipt->balanced);
    ck_assert_uint_eq(keeps->quarantined, 2);
    ck_assert_uint_eq(keeps->used, 50);
    ck_assert_uint_eq(receipt->stages, STAGES);
    ck_assert(receipt->stage[ASIDE].quarantine);
    ck_assert_uint_eq(receipt->stage[ASIDE].in, 2);
    ck_assert(!receipt->stage[BAD].quarantine);
}
END_TEST

START_TEST(test_a_stage_shows_the_time_of_the_group_that_it_computes_in)
{
    ledger(CUT, 0)->wait_out_ns = 250;
    ledger(WORK, 0)->wait_in_ns = 900;
    ledger(WORK, 1)->wait_in_ns = 300;
    const struct weir_stage_stats *read = read_stage(READ), *keeps = &receipt->stage[KEEP];
    ck_assert_uint_eq(read->workers, 1);
    ck_assert_uint_eq(read->wait_out_percent, 25);
    ck_assert_uint_eq(read->busy_percent, 75);
    ck_assert_uint_eq(keeps->workers, 2);
    ck_assert_uint_eq(keeps->wait_in_percent, 60);
    ck_assert_uint_eq(keeps->busy_percent, 40);
}
END_TEST

/* ---- the balance ---- */

/* Each of these is a record that was lost, or counted twice. */
static const struct {
    uint32_t group, member;
    size_t figure;
} losses[] = {
    {WORK, 0, offsetof(struct member_counts, out)},
    {WORK, 0, offsetof(struct member_counts, rejected)},
    {WORK, 1, offsetof(struct member_counts, in)},
    {WORK, 1, offsetof(struct member_counts, out)},
    {WORK, 1, offsetof(struct member_counts, quarantined)},
    {SINK, 0, offsetof(struct member_counts, in)},
    {REJECTS, 0, offsetof(struct member_counts, in)},
    {QUARANTINE, 0, offsetof(struct member_counts, in)},
};

START_TEST(test_one_record_too_many_anywhere_does_not_balance)
{
    write_good_run();
    set_two_aside();
    ck_assert(balanced());
    char *at = (char *)counts(losses[_i].group, 0, losses[_i].member) + losses[_i].figure;
    uint64_t figure;
    memcpy(&figure, at, sizeof(figure));
    figure++;
    memcpy(at, &figure, sizeof(figure));
    ck_assert(!balanced());
}
END_TEST

START_TEST(test_more_fates_than_records_do_not_balance)
{
    write_good_run();
    counts(SINK, 0, 0)->failed = 51;
    ck_assert(!balanced());
    ck_assert_uint_eq(receipt->stage[WRITE].used, 0);
}
END_TEST

START_TEST(test_what_a_stage_that_had_enough_left_behind_is_dropped)
{
    write_good_run();
    counts(SINK, 0, 0)->in = 30;
    ck_assert(!balanced());
    view_seat(&chain.view, SINK, 0)->done.value = 1;
    ck_assert(balanced());
    ck_assert_uint_eq(receipt->stage[WRITE].in, 50);
    ck_assert_uint_eq(receipt->stage[WRITE].dropped, 20);
    ck_assert_uint_eq(receipt->stage[WRITE].used, 30);
    counts(SINK, 0, 0)->in = 51; /* but it cannot have taken more than there was */
    ck_assert(!balanced());
}
END_TEST

/* ---- the verdict ---- */

static int judge(void)
{
    weir__receipt_read(receipt, &chain.view);
    receipt->verdict[0] = '\0';
    return weir__receipt_judge(receipt, &pipeline);
}

START_TEST(test_a_run_without_bad_records_is_good)
{
    ck_assert_int_eq(judge(), 0);
    ck_assert_str_eq(receipt->verdict, "");
}
END_TEST

START_TEST(test_rejected_records_beyond_the_limit_are_the_verdict)
{
    write_good_run();
    ck_assert_int_eq(judge(), 1);
    ck_assert_str_eq(receipt->verdict, "5 records rejected (see bad.csv; run: max_rejected would "
                                       "allow them)");
    pipeline.max_rejected.value = 4;
    ck_assert_int_eq(judge(), 1);
    pipeline.max_rejected.value = 5;
    ck_assert_int_eq(judge(), 0);
}
END_TEST

START_TEST(test_without_a_rejects_file_the_verdict_names_none)
{
    write_good_run();
    counts(WORK, 1, 0)->rejected = 0;
    counts(WORK, 0, 0)->rejected = 1;
    counts(REJECTS, 0, 0)->in = 0;
    ck_assert_int_eq(judge(), 1);
    ck_assert_str_eq(receipt->verdict, "1 record rejected (run: max_rejected would allow them)");
}
END_TEST

START_TEST(test_a_limit_in_percent_is_a_share_of_what_came_in)
{
    write_good_run();
    pipeline.max_rejected = (struct limit){.value = 49999, .percent = true};
    ck_assert_int_eq(judge(), 1);
    pipeline.max_rejected.value = 50000; /* 5 % of 100 */
    ck_assert_int_eq(judge(), 0);
}
END_TEST

START_TEST(test_records_that_are_set_aside_count_as_failed)
{
    write_good_run();
    set_two_aside();
    pipeline.max_rejected.value = 5;
    snprintf(view_seat(&chain.view, QUARANTINE, 0)->published, 512, "sums.quarantine.jsonl");
    ck_assert_int_eq(judge(), 1);
    ck_assert_str_eq(receipt->verdict,
                     "2 records killed their workers and are set aside (see sums.quarantine.jsonl; "
                     "run: max_failed would allow it)");
    pipeline.max_failed.value = 1;
    ck_assert_int_eq(judge(), 1);
    pipeline.max_failed.value = 2;
    ck_assert_int_eq(judge(), 0);
    counts(SINK, 0, 0)->failed = 1;
    ck_assert_int_eq(judge(), 1);
}
END_TEST

START_TEST(test_failed_records_beyond_the_limit_are_the_verdict)
{
    write_good_run();
    pipeline.max_rejected.value = 5;
    counts(SINK, 0, 0)->failed = 3;
    ck_assert_int_eq(judge(), 1);
    ck_assert_str_eq(receipt->verdict, "3 records failed (run: max_failed would allow them)");
    pipeline.max_failed.value = 3;
    ck_assert_int_eq(judge(), 0);
}
END_TEST

/* ---- memory ---- */

START_TEST(test_an_owned_receipt_outlives_its_run)
{
    write_good_run();
    weir__receipt_read(receipt, &chain.view);
    struct weir_receipt *own = receipt;
    ck_assert_int_eq(weir__receipt_own(own), 0);
    receipt = weir__receipt_new(&chain.view);
    memset(view_seat(&chain.view, REJECTS, 0)->published, 'x', 10);
    chain.blueprint.stage[BAD].id[0] = 'x';
    chain.blueprint.name[0] = 'x';
    ck_assert_str_eq(own->name, "sums");
    ck_assert_str_eq(own->stage[BAD].id, "read.rejects");
    ck_assert_str_eq(own->stage[BAD].published, "bad.csv");
    weir_receipt_free(own);
    weir_receipt_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stats");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, test_a_run_that_has_done_nothing_balances);
    tcase_add_test(all, test_the_seats_and_members_of_a_stage_are_added_up);
    tcase_add_test(all, test_what_an_unfinished_input_has_given_counts_too);
    tcase_add_test(all, test_records_that_killed_their_workers_have_a_column_and_a_line);
    tcase_add_test(all, test_a_stage_shows_the_time_of_the_group_that_it_computes_in);
    tcase_add_loop_test(all, test_one_record_too_many_anywhere_does_not_balance, 0,
                        (int)COUNT(losses));
    tcase_add_test(all, test_more_fates_than_records_do_not_balance);
    tcase_add_test(all, test_what_a_stage_that_had_enough_left_behind_is_dropped);
    tcase_add_test(all, test_a_run_without_bad_records_is_good);
    tcase_add_test(all, test_rejected_records_beyond_the_limit_are_the_verdict);
    tcase_add_test(all, test_without_a_rejects_file_the_verdict_names_none);
    tcase_add_test(all, test_a_limit_in_percent_is_a_share_of_what_came_in);
    tcase_add_test(all, test_records_that_are_set_aside_count_as_failed);
    tcase_add_test(all, test_failed_records_beyond_the_limit_are_the_verdict);
    tcase_add_test(all, test_an_owned_receipt_outlives_its_run);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
