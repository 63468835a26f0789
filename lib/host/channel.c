#include "host/channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

/* shm */
#include "shm/word.h"

#define CHANNEL_MAGIC UINT64_C(0x316e6168632e7277) /* "wr.chan1" */
#define LEAST_BYTES   ((uint64_t)2 << 20)
#define HEAD_BYTES                                                                                 \
    ((size_t)64                                                                                    \
     << 10) /* of the words; the ring follows on a page of its own, however large pages are */

struct published {
    uint64_t bytes, records;
};

struct channel_words {
    uint64_t magic, ring_bytes;
    struct lone_word sequence; /* of what is published; its parity names the copy */
    struct published copy[2];
    struct lone_word ended;
    struct lone_word taken;    /* the position up to which room was given back */
    struct lone_word dozes[2]; /* by side */
};
_Static_assert(sizeof(struct channel_words) <= HEAD_BYTES, "the words stand before the ring");

struct frame_head {
    uint32_t bytes, records;
};

/* ---- making ---- */

static uint64_t load(const struct lone_word *word)
{
    return word_load(&word->word, STEP_CHANNEL_LOAD);
}

static void store(struct lone_word *word, uint64_t value)
{
    word_store(&word->word, value, STEP_CHANNEL_STORE);
}

static int map_ring(struct channel *channel, struct weir_err *err)
{
    size_t bytes = channel->ring_bytes;
    char *twice = mmap(NULL, 2 * bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (twice == MAP_FAILED)
        return weir_err_errno(err, WEIR_EOS, "cannot map a channel");
    for (int i = 0; i < 2; i++)
        if (mmap(twice + (size_t)i * bytes, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                 channel->segment.fd, HEAD_BYTES) == MAP_FAILED) {
            int code = weir_err_errno(err, WEIR_EOS, "cannot map a channel");
            munmap(twice, 2 * bytes);
            return code;
        }
    channel->ring = twice;
    return 0;
}

int weir__channel_create(struct channel *channel, uint64_t frame_bytes, struct weir_err *err)
{
    uint64_t bytes = frame_bytes < LEAST_BYTES ? LEAST_BYTES : frame_bytes;
    bytes = (bytes + HEAD_BYTES - 1) / HEAD_BYTES * HEAD_BYTES; /* whole pages */
    *channel = (struct channel){.segment.fd = -1, .ring_bytes = bytes, .bell = {-1, -1}};
    int code = weir__segment_create(&channel->segment, "weir channel", HEAD_BYTES + bytes, err);
    if (code < 0)
        return code;
    channel->words = (struct channel_words *)(void *)channel->segment.base;
    channel->words->magic = CHANNEL_MAGIC;
    channel->words->ring_bytes = bytes;
    for (int i = 0; i < 2; i++)
        channel->bell[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    code = channel->bell[0] < 0 || channel->bell[1] < 0
               ? weir_err_errno(err, WEIR_EOS, "cannot make a channel")
               : map_ring(channel, err);
    if (code < 0)
        weir__channel_release(channel);
    return code;
}

void weir__channel_fds(const struct channel *channel, int fds[CHANNEL_FDS])
{
    fds[0] = channel->segment.fd;
    fds[1] = channel->bell[CHANNEL_PUTTER];
    fds[2] = channel->bell[CHANNEL_TAKER];
}

static struct published published(const struct channel *channel)
{
    struct published copy;
    uint64_t sequence = load(&channel->words->sequence), before;
    do {
        before = sequence;
        memcpy(&copy, &channel->words->copy[sequence & 1], sizeof(copy));
        word_fence(STEP_CHANNEL_FENCE); /* the copy is read before the sequence is, once more */
        sequence = load(&channel->words->sequence);
    } while (sequence != before);
    return copy;
}

int weir__channel_attach(struct channel *channel, const int fds[CHANNEL_FDS],
                         enum channel_side side, struct weir_err *err)
{
    *channel = (struct channel){.segment.fd = -1, .bell = {-1, -1}};
    int code = weir__segment_attach(&channel->segment, fds[0], err);
    if (code < 0)
        return code;
    channel->words = (struct channel_words *)(void *)channel->segment.base;
    channel->ring_bytes = channel->segment.bytes - HEAD_BYTES;
    if (channel->segment.bytes <= HEAD_BYTES || channel->words->magic != CHANNEL_MAGIC ||
        channel->words->ring_bytes != channel->ring_bytes)
        code = weir_err_set(err, WEIR_EINTERNAL, "this is no channel");
    if (code == 0)
        code = map_ring(channel, err);
    if (code < 0) {
        weir__channel_release(channel);
        return code;
    }
    close(fds[0]); /* the segment has one of its own */
    channel->bell[CHANNEL_PUTTER] = fds[1];
    channel->bell[CHANNEL_TAKER] = fds[2];
    struct published so_far = published(channel);
    channel->at = side == CHANNEL_PUTTER ? so_far.bytes : load(&channel->words->taken);
    channel->records = so_far.records;
    return 0;
}

void weir__channel_release(struct channel *channel)
{
    if (channel->ring != NULL)
        munmap(channel->ring, 2 * channel->ring_bytes);
    if (channel->segment.base != NULL)
        weir__segment_release(&channel->segment);
    for (int i = 0; i < 2; i++)
        if (channel->bell[i] >= 0)
            close(channel->bell[i]);
    *channel = (struct channel){.segment.fd = -1, .bell = {-1, -1}};
}

/* ---- waiting ---- */

void weir__channel_doze(struct channel *channel, enum channel_side side)
{
    store(&channel->words->dozes[side], 1);
    /* pairs with the one in wake(): either it sees this side doze, or this side sees what it did */
    word_fence(STEP_CHANNEL_FENCE);
}

void weir__channel_ring(const struct channel *channel, enum channel_side side)
{
    uint64_t one = 1;
    if (write(channel->bell[side], &one, sizeof(one)) < 0)
        one = 0; /* it rings already */
}

static void wake(const struct channel *channel, enum channel_side side)
{
    word_fence(STEP_CHANNEL_FENCE);
    if (load(&channel->words->dozes[side]) == 0)
        return;
    store(&channel->words->dozes[side], 0);
    weir__channel_ring(channel, side);
}

void weir__channel_sleep(const struct channel *channel, enum channel_side side, int timeout_ms)
{
    struct pollfd bell = {.fd = channel->bell[side], .events = POLLIN};
    poll(&bell, 1, timeout_ms);
    weir__channel_hear(channel, side);
}

void weir__channel_hear(const struct channel *channel, enum channel_side side)
{
    uint64_t rings;
    if (read(channel->bell[side], &rings, sizeof(rings)) < 0)
        rings = 0; /* it has not rung */
}

/* ---- the putter ---- */

static uint64_t frame_bytes(uint64_t payload)
{
    return sizeof(struct frame_head) + ((payload + 7) & ~UINT64_C(7));
}

char *weir__channel_room(struct channel *channel, size_t *ret_bytes)
{
    uint64_t used = channel->at - load(&channel->words->taken);
    *ret_bytes = 0;
    if (used > channel->ring_bytes || channel->ring_bytes - used <= sizeof(struct frame_head))
        return NULL;
    *ret_bytes = (size_t)(channel->ring_bytes - used - sizeof(struct frame_head));
    return channel->ring + channel->at % channel->ring_bytes + sizeof(struct frame_head);
}

void weir__channel_put(struct channel *channel, size_t bytes, uint32_t records)
{
    const struct frame_head head = {(uint32_t)bytes, records};
    memcpy(channel->ring + channel->at % channel->ring_bytes, &head, sizeof(head));
    channel->at += frame_bytes(bytes);
    channel->records += records;
    uint64_t sequence = load(&channel->words->sequence) + 1;
    channel->words->copy[sequence & 1] = (struct published){channel->at, channel->records};
    /* The frame's commit point. pairs with the acquire in published() */
    store(&channel->words->sequence, sequence);
    wake(channel, CHANNEL_TAKER);
}

void weir__channel_end(struct channel *channel)
{
    store(&channel->words->ended, 1);
    weir__channel_ring(channel, CHANNEL_TAKER);
}

bool weir__channel_is_empty(const struct channel *channel)
{
    return load(&channel->words->taken) == channel->at;
}

/* ---- the taker ---- */

enum channel_state weir__channel_take(struct channel *channel, struct channel_frame *ret)
{
    /* Looked at first: what is found missing afterwards will never come. */
    bool ended = load(&channel->words->ended) != 0;
    uint64_t there = published(channel).bytes - channel->at;
    struct frame_head head;
    if (there == 0)
        return ended ? CHANNEL_ENDED : CHANNEL_NOTHING;
    const char *at = channel->ring + channel->at % channel->ring_bytes;
    memcpy(&head, at, sizeof(head));
    if (there > channel->ring_bytes || frame_bytes(head.bytes) > there)
        return CHANNEL_DAMAGED;
    *ret = (struct channel_frame){at + sizeof(head), head.bytes, head.records};
    channel->at += frame_bytes(head.bytes);
    return CHANNEL_FRAME;
}

void weir__channel_give_back(struct channel *channel, uint64_t position)
{
    if (load(&channel->words->taken) == position)
        return;
    store(&channel->words->taken, position);
    wake(channel, CHANNEL_PUTTER);
}

void weir__channel_take_from(struct channel *channel, uint64_t position)
{
    channel->at = position;
    store(&channel->words->taken, position);
    weir__channel_ring(channel, CHANNEL_PUTTER); /* the dead may have been about to */
}
