#include <weir/queue.h>

#include <stdlib.h>
#include <string.h>

/* toolkit */
#include "toolkit/lock.h"

/* shm */
#include "shm/bell.h"
#include "shm/segment.h"

/* base */
#include "base/clock.h"

/*
 * One ring of slots, which say where a message's bytes stand in another ring. Producers hold one
 * robust lock while they put, consumers another while they get, so that the rings have one producer
 * and one consumer at a time. Each side publishes by one change of its own word: how many messages it
 * has put in, or taken out, ever. What is written before that counts for nothing, so there is
 * nothing to repair after a death.
 *
 * Who finds no message, or no room, sleeps on the other side's word, and keeps its own lock: of each
 * side at most one sleeps there, and the others sleep at its door. If it dies the kernel opens the
 * door to one of them.
 */

/* A word: its WAITING bit is set by the other side before it sleeps, and cleared with the next
 * change. So while it is set the word has not changed since. */
enum { WAITING = 1, CLOSED = 2, ONE = 4, WOKEN_AT_MOST = (BELL_ADD_MAX + 1) / ONE };
enum { LARGE_BYTES = 4096 };
#define COUNT_MASK (UINT32_MAX / ONE)
#define MOST       ((size_t)1 << 29)

struct side {
    _Alignas(128) struct weir_lock door;
    uint32_t word;
    uint32_t seen; /* of the other side's count; it may be more by now */
    bool large;    /* (consumers) the last message was: the next one may be, too */
};
_Static_assert(sizeof(struct side) == 128, "sides do not share lines");

struct slot {
    uint64_t start; /* bytes before it, ever */
    uint64_t bytes;
};

struct queue_words {
    uint64_t magic;
    uint64_t messages;
    uint64_t slots; /* at least as many, a power of two */
    uint64_t area;  /* bytes of the ring behind the slots, a power of two */
    struct side producers, consumers;
    struct side tasks; /* its word counts those that are done with */
};

#define QUEUE_MAGIC 0x3165756575717765u /* "ewqueue1" */

struct weir_queue {
    struct segment segment;
    struct side *producers, *consumers, *tasks;
    struct slot *slots;
    char *area;
    /* Copies, which nobody else can change. */
    uint32_t messages, slot_mask;
    uint64_t area_bytes;
};

/* ---- making ---- */

static size_t power_of_two(size_t least)
{
    size_t power = 1;
    while (power < least)
        power *= 2;
    return power;
}

static size_t segment_bytes(size_t slots, size_t area)
{
    return sizeof(struct queue_words) + slots * sizeof(struct slot) + area;
}

/* Takes the segment over. */
static int open_queue(struct weir_queue **ret, struct segment *segment, struct weir_err *err)
{
    struct queue_words *words = (struct queue_words *)(void *)segment->base;
    struct weir_queue *queue = malloc(sizeof(*queue));
    if (queue == NULL) {
        weir__segment_release(segment);
        return weir_err_set(err, WEIR_EOS, "cannot open a queue: out of memory");
    }
    *queue = (struct weir_queue){.segment = *segment,
                                 .producers = &words->producers,
                                 .consumers = &words->consumers,
                                 .tasks = &words->tasks,
                                 .slots = (struct slot *)(void *)(words + 1),
                                 .messages = (uint32_t)words->messages,
                                 .slot_mask = (uint32_t)words->slots - 1,
                                 .area_bytes = words->area};
    queue->area = (char *)(queue->slots + words->slots);
    *ret = queue;
    return 0;
}

int weir_queue_create(struct weir_queue **ret, size_t messages, size_t bytes, struct weir_err *err)
{
    if (messages == 0 || messages > MOST || bytes == 0 || bytes > MOST)
        return weir_err_set(err, WEIR_EUSAGE, "a queue cannot be for %zu messages of %zu bytes",
                            messages, bytes);
    struct segment segment;
    size_t slots = power_of_two(messages), area = power_of_two(bytes < 64 ? 64 : bytes);
    int code = weir__segment_create(&segment, "weir-queue", segment_bytes(slots, area), err);
    if (code < 0)
        return code;
    struct queue_words *words = (struct queue_words *)(void *)segment.base;
    words->messages = messages;
    words->slots = slots;
    words->area = area;
    weir_lock_init(&words->producers.door);
    weir_lock_init(&words->consumers.door);
    weir_lock_init(&words->tasks.door);
    words->magic = QUEUE_MAGIC;
    return open_queue(ret, &segment, err);
}

static bool is_queue(const struct segment *segment)
{
    const struct queue_words *words = (const struct queue_words *)(const void *)segment->base;
    return segment->bytes > sizeof(*words) && words->magic == QUEUE_MAGIC &&
           words->messages <= MOST && words->slots == power_of_two(words->messages) &&
           words->area <= MOST && words->area == power_of_two(words->area) &&
           segment->bytes == segment_bytes(words->slots, words->area);
}

int weir_queue_attach_fd(struct weir_queue **ret, int fd, struct weir_err *err)
{
    struct segment segment;
    int code = weir__segment_attach(&segment, fd, err);
    if (code < 0)
        return code;
    if (!is_queue(&segment)) {
        weir__segment_release(&segment);
        return weir_err_set(err, WEIR_EUSAGE, "descriptor %d is not that of a queue", fd);
    }
    return open_queue(ret, &segment, err);
}

void weir_queue_release(struct weir_queue *queue)
{
    if (queue == NULL)
        return;
    weir__segment_release(&queue->segment);
    free(queue);
}

int weir_queue_fd(const struct weir_queue *queue)
{
    return queue->segment.fd;
}

/* ---- what both sides do ---- */

/* Without waiting (deadline 0) it still waits for who is at work there, but not for who sleeps. */
static int enter(struct side *side, const struct side *other, uint64_t deadline_ns)
{
    const uint64_t moment_ns = 1000000;
    if (deadline_ns != 0)
        return weir__door_acquire(&side->door, deadline_ns);
    for (;;) {
        int code = weir__door_acquire(&side->door, weir__now_ns() + moment_ns);
        if (code != WEIR_TIMED_OUT || (bell_load(&other->word) & WAITING) != 0)
            return code;
    }
}

static uint64_t deadline(int64_t timeout_ms)
{
    return timeout_ms == 0 ? 0 : weir__deadline_ns(timeout_ms);
}

/* Makes so many messages, or so much room, known to the other side. */
static void publish(struct side *side, uint32_t count)
{
    uint32_t word = bell_load(&side->word);
    while (count > 0) {
        if ((word & WAITING) == 0) {
            if (bell_cas(&side->word, &word, word + count * ONE))
                return;
            continue;
        }
        uint32_t some = count < WOKEN_AT_MOST ? count : WOKEN_AT_MOST;
        weir__bell_add_and_wake(&side->word, some * ONE - WAITING, 1);
        count -= some;
        word = bell_load(&side->word);
    }
}

static inline void pause_processor(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Looks for about as long as sleep and wake would take whether the other side's word changes. */
static bool changes_soon(const struct side *other, uint32_t word)
{
    const uint64_t moment_ns = 5000;
    const int looks = 16; /* from one look at the clock to the next */
    uint64_t end_ns = weir__now_ns() + moment_ns;
    do
        for (int i = 0; i < looks; i++) {
            if (bell_load(&other->word) != word)
                return true;
            pause_processor();
        }
    while (weir__now_ns() < end_ns);
    return false;
}

/*
 * Waits until the other side's word is no longer as it was. False when the time is over.
 *
 * Who moves much at a time, many messages or a large one, looks for a moment before it sleeps. Who
 * moves little does not: the sides would run at each other's heels, and the lines that they share
 * would go to and fro with each message, where sleep lets messages gather.
 */
static bool await_change(struct side *other, uint32_t word, bool much, uint64_t deadline_ns)
{
    if (deadline_ns == 0)
        return false;
    if ((word & CLOSED) != 0) /* it will not change any more */
        return true;
    if (much && changes_soon(other, word))
        return true;
    if ((word & WAITING) == 0 && !bell_cas(&other->word, &word, word | WAITING))
        return true;
    return weir__bell_sleep(&other->word, word | WAITING, deadline_ns);
}

/* Where a message's bytes stand: some at `at`, and the rest at the area's beginning. */
struct stretch {
    char *at;
    size_t first, rest;
};

static struct stretch place(const struct weir_queue *queue, const struct slot *slot)
{
    size_t at = slot->start & (queue->area_bytes - 1), left = queue->area_bytes - at;
    size_t first = slot->bytes < left ? slot->bytes : left;
    return (struct stretch){queue->area + at, first, slot->bytes - first};
}

/* ---- putting ---- */

/* Of the bytes of all messages ever, where the one with this number begins. */
static uint64_t start_of(const struct weir_queue *queue, uint32_t number)
{
    const struct slot *before = &queue->slots[(number - 1) & queue->slot_mask];
    return before->start + before->bytes;
}

static bool fits(const struct weir_queue *queue, uint32_t number, size_t bytes)
{
    uint32_t oldest = queue->producers->seen;
    uint32_t inside = (number - oldest) & COUNT_MASK;
    if (inside >= queue->messages)
        return false;
    uint64_t used =
        inside == 0 ? 0 : start_of(queue, number) - queue->slots[oldest & queue->slot_mask].start;
    return used + bytes <= queue->area_bytes;
}

static void write_message(struct weir_queue *queue, uint32_t number, const struct iovec *message)
{
    struct slot slot = {.start = start_of(queue, number), .bytes = message->iov_len};
    struct stretch in = place(queue, &slot);
    if (in.first > 0)
        memcpy(in.at, message->iov_base, in.first);
    if (in.rest > 0)
        memcpy(queue->area, (const char *)message->iov_base + in.first, in.rest);
    queue->slots[number & queue->slot_mask] = slot;
}

/* With the door held: waits until there is room for a message behind those in hand. Publishes these
 * before it waits. */
static int secure_room(struct weir_queue *queue, uint32_t *in_hand, size_t bytes, bool many,
                       uint64_t deadline_ns)
{
    struct side *producers = queue->producers, *consumers = queue->consumers;
    if (bytes > queue->area_bytes)
        return WEIR_EUSAGE;
    for (;;) {
        uint32_t tail = bell_load(&producers->word);
        if ((tail & CLOSED) != 0)
            return WEIR_CLOSED;
        if (fits(queue, tail / ONE + *in_hand, bytes))
            return 0;
        uint32_t head = bell_load(&consumers->word);
        if (head / ONE != producers->seen) {
            producers->seen = head / ONE;
            continue;
        }
        publish(producers, *in_hand);
        *in_hand = 0;
        if (!await_change(consumers, head, many || bytes >= LARGE_BYTES, deadline_ns))
            return WEIR_TIMED_OUT;
    }
}

int weir_queue_put_many(struct weir_queue *queue, const struct iovec *messages, size_t count,
                        size_t *ret_count, int64_t timeout_ms)
{
    uint64_t deadline_ns = deadline(timeout_ms);
    uint32_t in_hand = 0;
    *ret_count = 0;
    int code = enter(queue->producers, queue->consumers, deadline_ns);
    if (code != 0)
        return code;
    for (; *ret_count < count; ++*ret_count, in_hand++) {
        const struct iovec *message = &messages[*ret_count];
        code = secure_room(queue, &in_hand, message->iov_len, count > 1, deadline_ns);
        if (code != 0)
            break;
        write_message(queue, bell_load(&queue->producers->word) / ONE + in_hand, message);
    }
    publish(queue->producers, in_hand);
    weir_lock_release(&queue->producers->door);
    return code;
}

int weir_queue_put(struct weir_queue *queue, const void *message, size_t bytes, int64_t timeout_ms)
{
    size_t count;
    struct iovec one = {.iov_base = (void *)(uintptr_t)message, .iov_len = bytes};
    return weir_queue_put_many(queue, &one, 1, &count, timeout_ms);
}

/* ---- getting ---- */

static int read_message(const struct weir_queue *queue, uint32_t number, char *into, size_t room,
                        size_t *ret_bytes)
{
    struct slot slot = queue->slots[number & queue->slot_mask];
    if (slot.bytes > queue->area_bytes)
        return WEIR_EINTERNAL; /* somebody wrote where it should not */
    *ret_bytes = slot.bytes;
    if (slot.bytes > room)
        return WEIR_TOO_LARGE;
    struct stretch in = place(queue, &slot);
    if (in.first > 0)
        memcpy(into, in.at, in.first);
    if (in.rest > 0)
        memcpy(into + in.first, queue->area, in.rest);
    return 0;
}

/* A producer that found the queue open may be about to publish: it is let finish. */
static int look_behind_close(struct weir_queue *queue, uint32_t tail, uint64_t deadline_ns)
{
    int code =
        weir__door_acquire(&queue->producers->door, deadline_ns == 0 ? CLOCK_NEVER : deadline_ns);
    if (code != 0)
        return code;
    if (bell_load(&queue->producers->word) / ONE == tail / ONE)
        code = WEIR_CLOSED;
    weir_lock_release(&queue->producers->door);
    return code;
}

static bool has_message(struct weir_queue *queue, uint32_t number)
{
    if (number == queue->consumers->seen)
        queue->consumers->seen = bell_load(&queue->producers->word) / ONE;
    return number != queue->consumers->seen;
}

/* With the door held: waits for a message. */
static int await_message(struct weir_queue *queue, uint32_t number, bool many, uint64_t deadline_ns)
{
    while (!has_message(queue, number)) {
        uint32_t tail = bell_load(&queue->producers->word);
        if (tail / ONE != number)
            continue;
        if ((tail & CLOSED) != 0) {
            int code = look_behind_close(queue, tail, deadline_ns);
            if (code != 0)
                return code;
        } else if (!await_change(queue->producers, tail, many || queue->consumers->large,
                                 deadline_ns)) {
            return WEIR_TIMED_OUT;
        }
    }
    return 0;
}

int weir_queue_get_many(struct weir_queue *queue, void *into, size_t room, size_t *ret_bytes,
                        size_t most, size_t *ret_count, int64_t timeout_ms)
{
    uint64_t deadline_ns = deadline(timeout_ms);
    struct side *consumers = queue->consumers;
    uint32_t taken = 0;
    *ret_count = 0;
    int code = enter(consumers, queue->producers, deadline_ns);
    if (code != 0)
        return code;
    uint32_t number = bell_load(&consumers->word) / ONE;
    code = await_message(queue, number, most > 1, deadline_ns);
    for (char *at = into; code == 0 && taken < most && has_message(queue, number); taken++) {
        code = read_message(queue, number, at, room, &ret_bytes[taken]);
        if (code != 0)
            break;
        consumers->large = ret_bytes[taken] >= LARGE_BYTES;
        at += ret_bytes[taken];
        room -= ret_bytes[taken];
        number = (number + 1) & COUNT_MASK;
    }
    publish(consumers, taken);
    weir_lock_release(&consumers->door);
    *ret_count = taken;
    return taken > 0 ? 0 : code;
}

int weir_queue_get(struct weir_queue *queue, void *into, size_t room, size_t *ret_bytes,
                   int64_t timeout_ms)
{
    size_t count;
    return weir_queue_get_many(queue, into, room, ret_bytes, 1, &count, timeout_ms);
}

/* ---- joining ---- */

/* With the door held. Wakes those who join when they have nothing more to wait for. */
static void count_task(struct weir_queue *queue)
{
    uint32_t *done = &queue->tasks->word, word = bell_load(done);
    uint32_t put = bell_load(&queue->producers->word) / ONE;
    do
        if ((word & WAITING) != 0 && ((word / ONE + 1) & COUNT_MASK) == put) {
            weir__bell_add_and_wake(done, ONE - WAITING, BELL_ALL);
            return;
        }
    while (!bell_cas(done, &word, word + ONE));
}

int weir_queue_task_done(struct weir_queue *queue)
{
    struct side *tasks = queue->tasks;
    int code = weir__door_acquire(&tasks->door, CLOCK_NEVER);
    if (code != 0)
        return code;
    if (bell_load(&tasks->word) / ONE == bell_load(&queue->consumers->word) / ONE)
        code = WEIR_EUSAGE;
    else
        count_task(queue);
    weir_lock_release(&tasks->door);
    return code;
}

int weir_queue_join(struct weir_queue *queue, int64_t timeout_ms)
{
    uint64_t deadline_ns = deadline(timeout_ms);
    for (;;) {
        uint32_t done = bell_load(&queue->tasks->word);
        if (done / ONE == bell_load(&queue->producers->word) / ONE)
            return 0;
        if (!await_change(queue->tasks, done, false, deadline_ns))
            return WEIR_TIMED_OUT;
    }
}

/* ---- the rest ---- */

void weir_queue_close(struct weir_queue *queue)
{
    weir__bell_set_and_wake(&queue->producers->word, CLOSED); /* this is what counts */
    weir__bell_set_and_wake(&queue->consumers->word, CLOSED); /* wakes who waits for room */
}

size_t weir_queue_size(const struct weir_queue *queue)
{
    uint32_t head = bell_load(&queue->consumers->word), tail, again;
    for (;; head = again) {
        tail = bell_load(&queue->producers->word);
        again = bell_load(&queue->consumers->word);
        if (head / ONE == again / ONE)
            return (tail / ONE - head / ONE) & COUNT_MASK;
    }
}

bool weir_queue_empty(const struct weir_queue *queue)
{
    return weir_queue_size(queue) == 0;
}

bool weir_queue_full(const struct weir_queue *queue)
{
    return weir_queue_size(queue) >= queue->messages;
}
