/*
 * rings.h - rings in anonymous shared memory, and a crowd of forked processes that use them and are
 * killed.
 */
#ifndef TEST_RINGS_H
#define TEST_RINGS_H

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* flow */
#include "flow/ring.h"

#include "unit/unit.h"

/* Zeroed, and shared with children. */
static inline void *shared_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    return memory;
}

static inline struct ring make_ring(uint32_t slots, uint32_t slot_bytes, uint32_t owner)
{
    struct lone_word *tail = shared_memory(sizeof(*tail));
    return (struct ring){.tail = &tail->word,
                         .slot = shared_memory(slots * sizeof(struct slot)),
                         .payload = shared_memory((size_t)slots * slot_bytes),
                         .edges = 1,
                         .slots = slots,
                         .slot_bytes = slot_bytes,
                         .owner = owner};
}

static inline uint64_t ring_tail(const struct ring *ring)
{
    return word_load(ring->tail, STEP_TAIL_LOAD);
}

/* The producer's part: the slot behind the tail, which must be writable, becomes number n's part.
 */
static inline void publish(const struct ring *ring, struct number number)
{
    uint64_t position = ring_tail(ring);
    word_store(&ring_slot(ring, position)->number, number_pack(number), STEP_NUMBER_STORE);
    word_store(ring->tail, position + 1, STEP_TAIL_PUBLISH);
}

/* ---- a crowd ---- */

enum { CROWD = 16, BATCHES_A_KILL = 600 };

/*
 * Processes that share rings. A process that finds something wrong says so and ends; the parent
 * sees it. `gate` is how far producers may go: each kill raises it, so that there is always work
 * going on around a death. */
struct crowd_words {
    struct lone_word gate, end, complaints;
    char complaint[200];
};

struct crowd {
    struct crowd_words *words;
    void (*member)(struct crowd *crowd,
                   uint32_t who); /* returns when there is nothing left to do */
    uint32_t members;
    pid_t pid[CROWD];
    uint64_t seed;
};

/* In a member: no assertion of Check's belongs into a child. */
static inline _Noreturn void complain(struct crowd *crowd, const char *text, uint64_t a, uint64_t b)
{
    uint64_t none = 0;
    if (word_cas(&crowd->words->complaints.word, &none, 1, STEPS))
        snprintf(crowd->words->complaint, sizeof(crowd->words->complaint), "%s (%llu, %llu)", text,
                 (unsigned long long)a, (unsigned long long)b);
    _exit(1);
}

static inline bool crowd_is_over(const struct crowd *crowd)
{
    return word_load(&crowd->words->end.word, STEPS) != 0;
}

static inline void crowd_start(struct crowd *crowd, uint32_t who)
{
    crowd->pid[who] = fork();
    ck_assert_int_ge(crowd->pid[who], 0);
    if (crowd->pid[who] == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
        crowd->member(crowd, who);
        _exit(0);
    }
}

static inline void crowd_check(const struct crowd *crowd)
{
    ck_assert_msg(word_load(&crowd->words->complaints.word, STEPS) == 0, "%s",
                  crowd->words->complaint);
}

/* Starts everybody, kills and replaces members at random, and lets the rest come to its end. */
static inline void crowd_run(struct crowd *crowd, uint32_t kills)
{
    crowd->words = shared_memory(sizeof(*crowd->words));
    word_store(&crowd->words->gate.word, BATCHES_A_KILL, STEPS);
    for (uint32_t who = 0; who < crowd->members; who++)
        crowd_start(crowd, who);
    for (uint32_t kill_number = 0; kill_number < kills; kill_number++) {
        struct timespec while_they_work = {.tv_nsec = (long)random_below(&crowd->seed, 300000)};
        nanosleep(&while_they_work, NULL);
        uint32_t who = (uint32_t)random_below(&crowd->seed, crowd->members);
        ck_assert_int_eq(kill(crowd->pid[who], SIGKILL), 0);
        ck_assert_int_eq(waitpid(crowd->pid[who], NULL, 0), crowd->pid[who]);
        crowd_check(crowd);
        word_store(&crowd->words->gate.word, (kill_number + 2) * (uint64_t)BATCHES_A_KILL, STEPS);
        crowd_start(crowd, who);
    }
    word_store(&crowd->words->end.word, 1, STEPS);
    for (uint32_t left = crowd->members; left > 0; left--) {
        ck_assert_int_gt(waitpid(-1, NULL, 0), 0);
        crowd_check(crowd);
    }
}

/* What crowd_run lets producers make in all. */
static inline uint64_t crowd_total(uint32_t kills)
{
    return (kills + 1) * (uint64_t)BATCHES_A_KILL;
}

/* A word that is set once, and afterwards only to the same: false if another value stands there. */
static inline bool set_once(_Atomic uint8_t *place, uint8_t value)
{
    uint8_t old = 0;
    return atomic_compare_exchange_strong(place, &old, value) || old == value;
}

#endif
