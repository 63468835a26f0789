#include "memory/machine.h"

#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum {
    PLACES = 96,
    SITES = 128,
    HISTORY = 128,
    VIEW = PLACES + MACHINE_THREADS, /* behind the places: how many accesses of bytes of a thread */
    STALE = 3,
    STACK = 256 << 10,
    STEPS_A_RUN = 4000,
    CHOICES = 8192,
    SEEN_BITS = 23
};

struct view {
    uint16_t at[VIEW];
};

struct message {
    uint64_t value;
    struct view view;
};

/* A word, or some bytes. */
struct place {
    const void *address;
    struct message history[HISTORY];
    uint32_t messages;
    uint32_t writers; /* threads that have been seen to store here, in any run */
    uint16_t read_at[MACHINE_THREADS], written_at[MACHINE_THREADS]; /* bytes: by their clocks */
};

enum status { RUNNING, ASLEEP, WOKEN, ENDED };

struct thread {
    ucontext_t context;
    char *stack;
    enum status status;
    /* seen; what a later acquire fence would let it see; what a relaxed store carries */
    struct view now, acquired, released;
    uint8_t stale[PLACES];
    uint64_t past; /* all that it has read, as a hash: the code does the same after the same */
    const void *slept_on;
    /* What the next step depends on: what is stored in a place, or the fences (NULL). Put aside: in
     * a search the step has been tried before all others, and is worth another try only when there
     * is more of that. */
    const struct place *depends_on;
    uint32_t put_aside;
    enum step step;
    const char *function;
};

struct told {
    uint32_t who;
    enum step step;
    const char *function, *what;
    uint64_t value;
    uint32_t place, old;
};

static struct place place[PLACES];
static uint32_t places;
static struct thread thread[MACHINE_THREADS];
static struct thread *current; /* NULL: no thread of the machine runs */
static ucontext_t scheduler;
static struct view in_order; /* of sequentially consistent fences */
static uint32_t fences;      /* so far, plus one */
static const struct machine_world *world;
static const char *error;
static uint32_t steps, deaths;
static struct told told[STEPS_A_RUN + 1];

/* A way through the choices: what was chosen, of how many. */
static struct {
    uint16_t chosen, of;
} choice[CHOICES];
static uint32_t choices, way;
static bool by_lot, learned;
static uint64_t lot, patience;
static uint64_t *seen;
static uint64_t states;

static const char *const step_names[] = {
#define WEIR_STEP(name) #name,
    WEIR_STEPS(WEIR_STEP)
#undef WEIR_STEP
        "bytes"};

const char *machine_step_name(enum step step)
{
    return step_names[step];
}

/* ---- choices ---- */

static uint64_t draw(void)
{
    lot ^= lot << 13;
    lot ^= lot >> 7;
    lot ^= lot << 17;
    return lot >> 11;
}

static uint32_t choose(uint32_t of)
{
    if (of == 1)
        return 0;
    if (by_lot)
        return (uint32_t)(draw() % of);
    if (way == choices) {
        if (choices == CHOICES)
            abort();
        choice[choices].chosen = 0;
        choice[choices++].of = (uint16_t)of;
    }
    return choice[way++].chosen;
}

/* The next way through, depth first. False if there is none. */
static bool next_way(void)
{
    while (choices > 0 && choice[choices - 1].chosen + 1 == choice[choices - 1].of)
        choices--;
    if (choices > 0)
        choice[choices - 1].chosen++;
    return choices > 0;
}

/* ---- threads and views ---- */

static void join(struct view *to, const struct view *from)
{
    for (uint32_t i = 0; i < VIEW; i++)
        to->at[i] = to->at[i] < from->at[i] ? from->at[i] : to->at[i];
}

static uint32_t index_of(const struct thread *of)
{
    return (uint32_t)(of - thread);
}

static void leave(void)
{
    swapcontext(&current->context, &scheduler);
}

_Noreturn void machine_complain(const char *text)
{
    error = text;
    leave();
    abort(); /* nobody comes back */
}

static bool is_shared(const void *address)
{
    const char *at = address, *memory = world->memory;
    return current != NULL && at >= memory && at < memory + world->bytes;
}

static struct place *place_of(const void *address)
{
    for (uint32_t i = 0; i < places; i++)
        if (place[i].address == address)
            return &place[i];
    if (places == PLACES)
        abort();
    struct place *made = &place[places++];
    *made = (struct place){.address = address, .messages = 1};
    return made;
}

static struct place *word_at(const _Atomic uint64_t *address)
{
    uint32_t before = places;
    struct place *word = place_of((const void *)address);
    if (places > before)
        word->history[0].value = atomic_load(address);
    return word;
}

static struct message *newest(struct place *word)
{
    return &word->history[word->messages - 1];
}

/* Whether what the thread does here can be done at once: nothing that another does before or after
 * makes a difference to either. */
static bool is_private(const struct place *word)
{
    uint32_t writers = word->writers & ~(1u << index_of(current));
    for (uint32_t i = 0; i < world->threads; i++)
        if (thread[i].status == ENDED)
            writers &= ~(1u << i);
    return writers == 0;
}

static void count_step(void)
{
    if (++steps >= STEPS_A_RUN)
        machine_complain("it does not come to an end");
}

static void tell(const char *what, uint64_t value, const struct place *at, uint32_t old)
{
    told[steps] = (struct told){.who = index_of(current),
                                .step = current->step,
                                .function = current->function,
                                .what = what,
                                .value = value,
                                .place = at == NULL ? PLACES : (uint32_t)(at - place),
                                .old = old};
}

static void remember(uint64_t value)
{
    current->past = (current->past ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    current->past ^= current->past >> 29;
}

/* Lets others go first, if that may matter. */
static void await_turn(const struct place *depends_on, bool at_once)
{
    count_step();
    current->depends_on = depends_on;
    current->put_aside = 0;
    if (by_lot || !at_once)
        leave();
    remember(current->step);
}
static bool is_weakened(void)
{
    const struct weakened *weakened = world->weakened;
    return weakened != NULL && weakened->step == current->step &&
           (weakened->function == NULL || strcmp(weakened->function, current->function) == 0);
}

static bool acquires(memory_order order)
{
    return order == memory_order_acquire || order == memory_order_acq_rel ||
           order == memory_order_seq_cst;
}

static bool releases(memory_order order)
{
    return order == memory_order_release || order == memory_order_acq_rel ||
           order == memory_order_seq_cst;
}

/* ---- words ---- */

static void see(struct place *word, uint32_t at, memory_order order)
{
    uint32_t i = (uint32_t)(word - place);
    if (acquires(order))
        join(&current->now, &word->history[at].view);
    join(&current->acquired, &word->history[at].view);
    current->now.at[i] = current->acquired.at[i] = (uint16_t)at;
    current->stale[i] = at + 1 < word->messages ? (uint8_t)(current->stale[i] + 1) : 0;
    remember(word->history[at].value);
}

static void append(struct place *word, uint64_t value, const struct view *carried)
{
    uint32_t i = (uint32_t)(word - place), at = word->messages;
    if (at == HISTORY)
        abort();
    if (!(word->writers >> index_of(current) & 1)) {
        word->writers |= 1u << index_of(current);
        learned = true;
    }
    current->now.at[i] = current->acquired.at[i] = (uint16_t)at;
    word->history[at] = (struct message){.value = value, .view = *carried};
    word->history[at].view.at[i] = (uint16_t)at;
    word->messages++;
    current->stale[i] = 0;
    atomic_store((_Atomic uint64_t *)(uintptr_t)word->address, value);
}

/* How many of the history's newest the thread may read. */
static uint32_t readable(const struct place *word)
{
    uint32_t i = (uint32_t)(word - place), from = current->now.at[i];
    if (from < current->put_aside)
        from = current->put_aside;
    return current->stale[i] < STALE ? word->messages - from : 1;
}

uint64_t machine_load(const _Atomic uint64_t *from, memory_order order)
{
    if (!is_shared((const void *)from))
        return atomic_load(from);
    struct place *word = word_at(from);
    await_turn(word, is_private(word));
    uint32_t old = choose(readable(word)), at = word->messages - 1 - old;
    see(word, at, is_weakened() ? memory_order_relaxed : order);
    tell("loads", word->history[at].value, word, old);
    return word->history[at].value;
}

/* Done at once: a load that others do before it may as well read the old value after it. */
void machine_store(_Atomic uint64_t *to, uint64_t value, memory_order order)
{
    if (!is_shared((const void *)to)) {
        atomic_store(to, value);
        return;
    }
    struct place *word = word_at(to);
    await_turn(word, true);
    if (current->now.at[word - place] + 1u != word->messages)
        machine_complain("two threads store to one word");
    bool release = releases(order) && !is_weakened();
    append(word, value, release ? &current->now : &current->released);
    tell("stores", value, word, 0);
}

/* Of the older values that are not the one expected, and the swap itself, if it can be. */
bool machine_cas(_Atomic uint64_t *at, uint64_t *expected, uint64_t value, memory_order order,
                 memory_order on_failure)
{
    if (!is_shared((const void *)at))
        return atomic_compare_exchange_strong(at, expected, value);
    struct place *word = word_at(at);
    await_turn(word, is_private(word));
    if (is_weakened())
        order = on_failure = memory_order_relaxed;
    uint32_t may_read[HISTORY], n = 0, room = readable(word), last = word->messages - 1;
    for (uint32_t old = 0; old < room; old++)
        if (old == 0 || word->history[last - old].value != *expected)
            may_read[n++] = last - old;
    uint32_t chosen = may_read[choose(n)];
    struct view carried = word->history[chosen].view; /* a swap goes on with what it replaces */
    bool swapped = chosen == last && word->history[chosen].value == *expected;
    see(word, chosen, swapped ? order : on_failure);
    if (!swapped) {
        *expected = word->history[chosen].value;
        tell("fails to swap", *expected, word, last - chosen);
        return false;
    }
    join(&carried, releases(order) ? &current->now : &current->released);
    append(word, value, &carried);
    tell("swaps in", value, word, 0);
    return true;
}

void machine_fence(memory_order order)
{
    if (current == NULL)
        return;
    if (order != memory_order_seq_cst)
        abort(); /* word.h has no other */
    await_turn(NULL, false);
    fences++;
    tell(is_weakened() ? "leaves out its fence" : "fences", 0, NULL, 0);
    if (is_weakened())
        return;
    join(&current->acquired, &in_order);
    current->now = current->released = in_order = current->acquired;
}

/* The kernel compares with what stands there, and lets nobody in between. */
long machine_futex(long number, void *address, int operation, uint32_t value)
{
    (void)number;
    if (!is_shared(address))
        return 0;
    struct place *word = word_at(address);
    await_turn(word, operation == FUTEX_WAKE);
    if (operation == FUTEX_WAKE) {
        for (uint32_t i = 0; i < world->threads; i++)
            if (thread[i].status == ASLEEP && thread[i].slept_on == address)
                thread[i].status = WOKEN;
        tell("wakes", 0, word, 0);
    } else if ((uint32_t)newest(word)->value == value) {
        current->status = ASLEEP;
        current->slept_on = address;
        tell("sleeps", value, word, 0);
        leave();
    } else {
        tell("does not sleep", value, word, 0);
    }
    machine_waits();
    return 0;
}

void machine_waits(void)
{
    if (current != NULL)
        current->past = world->past(index_of(current));
}

void machine_site(const char *function)
{
    if (current != NULL)
        current->function = function;
}

static struct weakened site[SITES];
static uint32_t sites;

void weir__step_hook(enum step step)
{
    if (current == NULL)
        return;
    current->step = step;
    for (uint32_t i = 0; i < sites; i++)
        if (site[i].step == step && site[i].function == current->function)
            return;
    if (sites == SITES)
        abort();
    site[sites++] = (struct weakened){current->function, step};
}

uint32_t machine_sites(const struct weakened **ret)
{
    *ret = site;
    return sites;
}

/* ---- bytes ---- */

static void touch(const void *address, bool write)
{
    if (!is_shared(address))
        return;
    struct place *bytes = place_of(address);
    uint32_t me = index_of(current);
    current->step = STEPS;
    current->function = "";
    await_turn(bytes, true);
    tell(write ? "writes" : "reads", 0, bytes, 0);
    for (uint32_t i = 0; i < MACHINE_THREADS; i++) {
        uint16_t known = current->now.at[PLACES + i];
        if (i != me && known < bytes->written_at[i])
            machine_complain(write ? "written twice, unordered" : "read before it was written");
        if (i != me && write && known < bytes->read_at[i])
            machine_complain("written while it was read");
    }
    uint16_t clock = ++current->now.at[PLACES + me];
    current->acquired.at[PLACES + me] = clock;
    *(write ? &bytes->written_at[me] : &bytes->read_at[me]) = clock;
}

void machine_reads(const void *address)
{
    touch(address, false);
}

void machine_writes(const void *address)
{
    touch(address, true);
}

/* ---- runs ---- */

static void begin_thread(int who)
{
    world->thread((uint32_t)who);
    current->status = ENDED;
    leave();
}

static void start(uint32_t who)
{
    struct thread *of = &thread[who];
    if (of->stack == NULL && (of->stack = malloc(STACK)) == NULL)
        abort();
    getcontext(&of->context);
    of->context.uc_stack.ss_sp = of->stack;
    of->context.uc_stack.ss_size = STACK;
    of->context.uc_link = NULL;
    makecontext(&of->context, (void (*)(void))(uintptr_t)begin_thread, 1, (int)who);
    of->status = RUNNING;
}

static void resume(uint32_t who)
{
    current = &thread[who];
    swapcontext(&scheduler, &current->context);
    current = NULL;
}

/* A successor is started when the supervisor has seen the end of the dead: it has seen all that the
 * dead had. */
static void die(uint32_t who)
{
    struct thread *of = &thread[who];
    if (of->status == ENDED)
        return;
    deaths--;
    told[++steps] =
        (struct told){.who = who, .step = STEPS, .function = "", .what = "dies", .place = PLACES};
    of->now = of->acquired;
    start(who);
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    for (; n >= 8; n -= 8, at += 8) {
        uint64_t eight;
        memcpy(&eight, at, 8);
        hash = (hash ^ eight) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 32;
    }
    for (; n > 0; n--, at++)
        hash = (hash ^ *at) * UINT64_C(0x100000001B3);
    return hash;
}

/* Of each word, what every thread has seen: older values are out of everybody's reach, and to have
 * seen them is nothing. */
static struct view seen_by_all(void)
{
    struct view all;
    memset(&all, 0xFF, sizeof(all));
    for (uint32_t t = 0; t < world->threads; t++)
        for (uint32_t i = 0; i < places && thread[t].status != ENDED; i++)
            all.at[i] = thread[t].now.at[i] < all.at[i] ? thread[t].now.at[i] : all.at[i];
    return all;
}

static uint64_t mix_view(uint64_t hash, const struct view *view, const struct view *all)
{
    uint16_t beyond[VIEW] = {0};
    for (uint32_t i = 0; i < places; i++)
        beyond[i] = view->at[i] > all->at[i] ? (uint16_t)(view->at[i] - all->at[i]) : 0;
    hash = mix(hash, beyond, places * sizeof(uint16_t));
    return mix(hash, &view->at[PLACES], MACHINE_THREADS * sizeof(uint16_t));
}

static uint32_t more_to_see(const struct thread *of)
{
    return of->depends_on == NULL ? fences : of->depends_on->messages;
}

static uint64_t state(void)
{
    struct view all = seen_by_all();
    uint64_t hash = mix_view(1, &in_order, &all);
    for (uint32_t t = 0; t < world->threads; t++) {
        const struct thread *of = &thread[t];
        hash = mix(hash, &of->status, sizeof(of->status));
        if (of->status == ENDED)
            continue;
        hash = mix(hash, &of->past, sizeof(of->past));
        hash = mix_view(hash, &of->now, &all);
        hash = mix_view(hash, &of->acquired, &all);
        hash = mix_view(hash, &of->released, &all);
        hash = mix(hash, of->stale, places);
        uint32_t aside[] = {of->put_aside != 0, more_to_see(of) - of->put_aside};
        hash = mix(hash, aside, of->put_aside == 0 ? sizeof(aside[0]) : sizeof(aside));
    }
    for (uint32_t i = 0; i < places; i++) {
        hash = mix(hash, &i, sizeof(i));
        for (uint32_t m = all.at[i]; m < place[i].messages; m++) {
            hash = mix(hash, &place[i].history[m].value, sizeof(uint64_t));
            hash = mix_view(hash, &place[i].history[m].view, &all);
        }
    }
    return hash == 0 ? 1 : hash;
}

/* True if a run has been in this state before: all that can follow has been or will be searched. */
static bool been_here(void)
{
    uint64_t hash = state(), mask = (UINT64_C(1) << SEEN_BITS) - 1;
    uint64_t at = hash >> (64 - SEEN_BITS);
    while (seen[at] != 0 && seen[at] != hash)
        at = (at + 1) & mask;
    if (seen[at] == hash)
        return true;
    seen[at] = hash;
    if (++states > mask / 4 * 3)
        abort();
    return false;
}

static uint32_t list_running(uint32_t ret[MACHINE_THREADS])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < world->threads; i++)
        if (thread[i].status == RUNNING && thread[i].put_aside < more_to_see(&thread[i]))
            ret[n++] = i;
    return n;
}

/* Who was woken goes on to the next step that matters: that it does so is seen by nobody. */
static void resume_woken(void)
{
    for (uint32_t i = 0; i < world->threads && error == NULL; i++)
        if (thread[i].status == WOKEN) {
            thread[i].status = RUNNING;
            resume(i);
        }
}

static bool any(enum status status)
{
    for (uint32_t i = 0; i < world->threads; i++)
        if (thread[i].status == status)
            return true;
    return false;
}

static void begin_run(void)
{
    world->prepare();
    memset(&in_order, 0, sizeof(in_order));
    for (uint32_t i = 0; i < places; i++) {
        uint64_t value = atomic_load((const _Atomic uint64_t *)place[i].address);
        place[i].history[0] = (struct message){.value = value};
        place[i].messages = 1;
        memset(place[i].read_at, 0, sizeof(place[i].read_at));
        memset(place[i].written_at, 0, sizeof(place[i].written_at));
    }
    for (uint32_t i = 0; i < world->threads; i++) {
        struct thread *of = &thread[i];
        *of = (struct thread){.stack = of->stack, .function = ""};
        start(i);
    }
    error = NULL;
    steps = way = 0;
    fences = 1;
    deaths = world->deaths;
}

/* By lot, one thread may go on for long: how likely that is differs from run to run. */
static uint32_t draw_thread(const uint32_t *running, uint32_t n)
{
    static uint32_t last;
    bool goes_on = draw() % 8 < patience;
    for (uint32_t i = 0; i < n; i++)
        if (running[i] == last && goes_on)
            return last;
    return last = running[draw() % n];
}

/* One of those that can run. Those before it have been tried first. */
static uint32_t choose_thread(const uint32_t *running, uint32_t n)
{
    if (by_lot)
        return draw_thread(running, n);
    uint32_t chosen = choose(n);
    for (uint32_t i = 0; i < chosen; i++)
        thread[running[i]].put_aside = more_to_see(&thread[running[i]]);
    return running[chosen];
}

static void run(void)
{
    uint32_t running[MACHINE_THREADS], n;
    begin_run();
    for (uint32_t i = 0; i < world->threads && error == NULL; i++)
        resume(i); /* to its first step that matters to others */
    while (error == NULL && (n = list_running(running)) > 0) {
        if (!by_lot && way == choices && been_here())
            return;
        uint32_t who = choose_thread(running, n);
        if (by_lot && deaths > 0 && draw() % 64 == 0)
            die((uint32_t)(draw() % world->mortals));
        else
            resume(who);
        resume_woken();
    }
    if (error == NULL && !any(RUNNING) && any(ASLEEP))
        error = "everybody sleeps: a wake was lost";
    else if (error == NULL && !any(RUNNING) && !world->ended())
        error = "something was lost, or came twice";
}

static void begin(const struct machine_world *of)
{
    world = of;
    places = choices = 0;
    error = NULL;
    states = 0;
    memset(place, 0, sizeof(place));
}

struct machine_outcome machine_search(const struct machine_world *of, uint64_t limit)
{
    struct machine_outcome outcome = {0};
    bool more = true;
    begin(of);
    by_lot = false;
    seen = calloc((size_t)1 << SEEN_BITS, sizeof(*seen));
    if (seen == NULL)
        abort();
    while (more && error == NULL && outcome.runs < limit) {
        learned = false;
        run();
        outcome.runs++;
        more = next_way();
        if (!learned)
            continue;
        /* Somebody stores where nobody was known to: what was taken for private is not. */
        memset(seen, 0, sizeof(*seen) << SEEN_BITS);
        states = choices = 0;
        more = true;
    }
    free(seen);
    outcome.error = error;
    outcome.states = states;
    outcome.whole = !more;
    return outcome;
}

struct machine_outcome machine_draw(const struct machine_world *of, uint64_t runs, uint64_t seed)
{
    struct machine_outcome outcome = {0};
    begin(of);
    by_lot = true;
    lot = seed * 2 + 1;
    do {
        patience = draw() % 8;
        run();
    } while (error == NULL && ++outcome.runs < runs);
    outcome.error = error;
    return outcome;
}

void machine_tell(void)
{
    for (uint32_t i = 1; i <= steps; i++) {
        const struct told *one = &told[i];
        printf("%4u  thread %u  %-16s %-22s %s", i, one->who, step_names[one->step], one->function,
               one->what);
        if (one->place < PLACES)
            printf(" %llx at %u", (unsigned long long)one->value, one->place);
        if (one->old > 0)
            printf(", %u old", one->old);
        printf("\n");
    }
    printf("%s\n", error == NULL ? "no error" : error);
}
