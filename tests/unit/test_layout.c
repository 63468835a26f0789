#include "engine/layout.h"

#include "unit/chain.h"

/* ---- no byte of the segment belongs to two things ---- */

struct span {
    uint64_t from, bytes, apart; /* apart: what `from` must be a multiple of */
};

enum { SPANS = 2000, PAGE = 4096 };

static struct span span[SPANS];
static size_t spans;

static void add_span(uint64_t from, uint64_t bytes, uint64_t apart)
{
    ck_assert_uint_lt(spans, SPANS);
    span[spans++] = (struct span){from, bytes, apart};
}

static uint64_t offset_of(const struct chain *chain, const void *at)
{
    return (uint64_t)((const char *)at - chain->view.segment.base);
}

static void add_rings(const struct chain *chain, uint32_t g)
{
    const struct group *group = &chain->blueprint.group[g];
    for (uint32_t p = 0; p < group->ports; p++)
        for (uint32_t seat = 0; seat < group->seats; seat++) {
            struct ring ring = weir__view_ring(&chain->view, g, seat, p);
            ck_assert_uint_eq(ring.owner, seat);
            ck_assert_uint_eq(ring.slots, chain->blueprint.slots);
            add_span(offset_of(chain, ring.tail), WORD_APART, WORD_APART);
            add_span(offset_of(chain, ring.slot), ring.slots * sizeof(struct slot), WORD_APART);
            add_span(offset_of(chain, ring.payload), (uint64_t)ring.slots * ring.slot_bytes, 8);
            ck_assert_int_eq(ring.area != NULL, group->port[p].oversize);
            if (ring.area != NULL) {
                ck_assert_uint_ge(ring.area_bytes, chain->blueprint.max_record);
                add_span(offset_of(chain, ring.area), ring.area_bytes, 8);
            }
        }
}

static int by_place(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

static void assert_apart(uint64_t whole)
{
    qsort(span, spans, sizeof(span[0]), by_place);
    for (size_t i = 0; i < spans; i++) {
        ck_assert_uint_eq(span[i].from % span[i].apart, 0);
        ck_assert_uint_le(span[i].from + span[i].bytes, i + 1 < spans ? span[i + 1].from : whole);
    }
}

static const struct chain_shape shapes[] = {
    {1, 1, 64, {1}, false, 0, CHAIN},
    {2, 1, 4096, {1, 1}, false, 0, CHAIN},
    {3, 16, 65536, {1, 64, 1}, false, 0, CHAIN},
    {5, 3, 1000, {1, 7, 2, 64, 3}, false, 0, CHAIN},
};

static const size_t text_bytes[] = {0, 1, 126, 127, 128, 129, 100000};

START_TEST(test_everything_has_its_own_place_in_the_segment)
{
    for (size_t t = 0; t < COUNT(text_bytes); t++) {
        struct chain chain;
        chain_make(&chain, &shapes[_i]);
        chain.blueprint.max_record = 70001;
        weir__blueprint_layout(&chain.blueprint, text_bytes[t]);
        chain_map(&chain);
        spans = 0;
        add_span(0, sizeof(struct run_words), WORD_APART);
        add_span(chain.blueprint.text_offset, text_bytes[t] + 1, 1);
        for (uint32_t g = 0; g < chain.blueprint.groups; g++) {
            add_span(offset_of(&chain, view_group(&chain.view, g)), sizeof(struct group_words),
                     WORD_APART);
            for (uint32_t seat = 0; seat < chain.blueprint.group[g].seats; seat++)
                add_span(offset_of(&chain, view_seat(&chain.view, g, seat)),
                         sizeof(struct seat_words), WORD_APART);
            add_rings(&chain, g);
        }
        assert_apart(chain.blueprint.segment_bytes);
        chain_release(&chain);
    }
}
END_TEST

START_TEST(test_payloads_are_what_the_plan_counts_as_slots)
{
    struct chain chain;
    chain_make(&chain, &shapes[2]);
    uint64_t area = ((uint64_t)chain.blueprint.max_record + 65536 + PAGE - 1) / PAGE * PAGE;
    ck_assert_uint_eq(chain.blueprint.slot_total_bytes, (1 + 64) * 16 * 65536 + area);
    chain_release(&chain);
}
END_TEST

/* ---- views ---- */

START_TEST(test_an_edge_reads_the_rings_of_all_seats_of_its_producer)
{
    struct chain chain;
    struct edge edges[GROUP_INPUTS];
    chain_make(&chain, &shapes[2]);
    struct ring *rings = weir__view_edges(&chain.view, 2, edges);
    struct edge edge = edges[0];
    ck_assert_ptr_nonnull(rings);
    ck_assert_uint_eq(edge.producers, 64);
    ck_assert(edge.ordered);
    ck_assert_ptr_eq(edge.next, &view_group(&chain.view, 2)->next[0].word);
    for (uint32_t seat = 0; seat < 64; seat++)
        ck_assert_ptr_eq(edge.ring[seat].tail, weir__view_ring(&chain.view, 1, seat, 0).tail);
    free(rings);
    chain_release(&chain);
}
END_TEST

START_TEST(test_a_group_is_closed_or_done_when_all_its_seats_are)
{
    struct chain chain;
    chain_make(&chain, &shapes[3]);
    for (uint32_t seat = 0; seat < 7; seat++) {
        ck_assert(!weir__view_all_closed(&chain.view, 1));
        ck_assert(!weir__view_all_done(&chain.view, 1));
        view_seat(&chain.view, 1, seat)->closed.value = 1;
        view_seat(&chain.view, 1, seat)->done.value = 1;
    }
    ck_assert(weir__view_all_closed(&chain.view, 1));
    ck_assert(weir__view_all_done(&chain.view, 1));
    ck_assert(!weir__view_all_closed(&chain.view, 0));
    ck_assert(!weir__view_all_done(&chain.view, 2));
    chain_release(&chain);
}
END_TEST

START_TEST(test_waking_around_reaches_the_group_and_both_its_neighbours_and_nobody_else)
{
    struct chain chain;
    chain_make(&chain, &shapes[3]);
    weir__view_wake_around(&chain.view, 2);
    for (uint32_t g = 0; g < chain.blueprint.groups; g++)
        for (uint32_t seat = 0; seat < chain.blueprint.group[g].seats; seat++)
            ck_assert_uint_eq(view_seat(&chain.view, g, seat)->event.word.value, g >= 1 && g <= 3);
    chain_release(&chain);
}
END_TEST

START_TEST(test_the_sequence_tells_which_copy_of_the_ledger_counts)
{
    struct chain chain;
    chain_make(&chain, &shapes[0]);
    struct seat_words *words = view_seat(&chain.view, 0, 0);
    for (uint64_t sequence = 0; sequence < 5; sequence++) {
        words->sequence.word.value = sequence;
        ck_assert_ptr_eq(weir__view_ledger(&chain.view, 0, 0), &words->copy[sequence % 2]);
    }
    chain_release(&chain);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("layout");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_everything_has_its_own_place_in_the_segment, 0,
                        (int)COUNT(shapes));
    tcase_add_test(all, test_payloads_are_what_the_plan_counts_as_slots);
    tcase_add_test(all, test_an_edge_reads_the_rings_of_all_seats_of_its_producer);
    tcase_add_test(all, test_a_group_is_closed_or_done_when_all_its_seats_are);
    tcase_add_test(all,
                   test_waking_around_reaches_the_group_and_both_its_neighbours_and_nobody_else);
    tcase_add_test(all, test_the_sequence_tells_which_copy_of_the_ledger_counts);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}
