#include "host/end.h"

#include <stdlib.h>
#include <string.h>

/* flow */
#include "flow/schema_text.h"

enum {
    FEED_RECORDS = 4096,
    FEED_BYTES = 128 << 10, /* of a frame's values, about: what fits into a cache */
    TURNS = 64              /* in one step */
};

static enum channel_side side_of(const struct run_end *end)
{
    return end->is_source ? CHANNEL_PUTTER : CHANNEL_TAKER;
}

/* ---- making ---- */

static int make_feed(struct weir_feed *feed, struct weir_err *err)
{
    uint32_t columns = feed->schema.columns;
    feed->all = malloc(columns + 1);
    feed->column = calloc(columns + 1, sizeof(*feed->column));
    feed->entry = malloc(((size_t)columns + 1) * FEED_RECORDS * sizeof(*feed->entry));
    if (feed->all == NULL || feed->column == NULL || feed->entry == NULL)
        return weir_err_set(err, WEIR_EOS, "no memory for the records of a source");
    memset(feed->all, true, columns + 1);
    for (uint32_t c = 0; c < columns; c++)
        feed->column[c].entry = feed->entry + (size_t)c * FEED_RECORDS;
    return 0;
}

int weir__end_attach(struct run_end *end, const int fds[CHANNEL_FDS], uint64_t max_record,
                     const char *schema, struct weir_err *err)
{
    int code = weir__schema_read(schema, &end->feed.schema);
    if (code < 0)
        return weir_err_set(err, code, "cannot read the schema of stage '%s'", end->id);
    end->feed.max_record = max_record;
    end->feed.channel = &end->channel;
    code = make_feed(&end->feed, err);
    if (code == 0)
        code = weir__channel_attach(&end->channel, fds, side_of(end), err);
    end->attached = code == 0;
    return code;
}

void weir__end_release(struct run_end *end)
{
    if (end->attached)
        weir__channel_release(&end->channel);
    weir_schema_release(&end->feed.schema);
    weir__unpacked_release(&end->unpacked);
    free(end->feed.all);
    free(end->feed.column);
    free(end->feed.entry);
    free(end->feed.heap);
    free(end->id);
}

/* ---- putting ---- */

static struct weir_batch held_batch(const struct weir_feed *feed)
{
    for (uint32_t c = 0; c < feed->schema.columns; c++) {
        feed->column[c].heap = feed->heap;
        feed->column[c].heap_bytes = (uint32_t)feed->heap_bytes;
    }
    return (struct weir_batch){
        .records = feed->held, .columns = feed->schema.columns, .column = feed->column};
}

/* Packs what is held from *record on into the ring; true when all of it is there. */
static bool send_batch(const struct weir_feed *feed, const struct weir_batch *batch,
                       uint32_t *record)
{
    const struct packing packing = {.needed = feed->all};
    while (*record < batch->records) {
        size_t room, bytes = 0;
        uint32_t before = *record;
        char *to = weir__channel_room(feed->channel, &room);
        if (to != NULL)
            bytes = weir__pack(&packing, batch, record, to, room);
        if (bytes == 0)
            return false;
        weir__channel_put(feed->channel, bytes, *record - before);
    }
    return true;
}

/* False if some of it found no room. */
static bool flush(struct weir_feed *feed)
{
    const struct weir_batch batch = held_batch(feed);
    if (!send_batch(feed, &batch, &feed->first))
        return false;
    feed->held = feed->first = 0;
    feed->heap_bytes = 0;
    return true;
}

static bool is_full(const struct weir_feed *feed)
{
    return feed->held == FEED_RECORDS || feed->heap_bytes >= FEED_BYTES;
}

static bool grow_heap(struct weir_feed *feed, size_t bytes)
{
    size_t capacity = feed->heap_capacity == 0 ? 2 * FEED_BYTES : feed->heap_capacity;
    while (capacity < feed->heap_bytes + bytes)
        capacity *= 2;
    if (capacity == feed->heap_capacity)
        return true;
    char *heap = realloc(feed->heap, capacity);
    if (heap == NULL)
        return false;
    feed->heap = heap;
    feed->heap_capacity = capacity;
    return true;
}

const struct weir_schema *weir_feed_schema(const struct weir_feed *feed)
{
    return &feed->schema;
}

uint64_t weir_feed_records(const struct weir_feed *feed)
{
    return feed->records;
}

int weir_feed_put(struct weir_feed *feed, const struct weir_value *value)
{
    uint32_t columns = feed->schema.columns;
    size_t bytes = 0;
    for (uint32_t c = 0; c < columns; c++)
        bytes += value[c].data == NULL ? 0 : value[c].length;
    if (bytes > feed->max_record)
        return WEIR_EDATA;
    if (is_full(feed) && !flush(feed))
        return WEIR_FULL;
    if (feed->heap_bytes + bytes > feed->heap_capacity && !grow_heap(feed, bytes))
        return WEIR_EOS;
    uint64_t *entry = feed->entry + feed->held;
    for (uint32_t c = 0; c < columns; c++, entry += FEED_RECORDS) {
        if (value[c].data == NULL) {
            *entry = weir_entry_null();
            continue;
        }
        *entry = weir_entry((uint32_t)feed->heap_bytes, value[c].length);
        memcpy(feed->heap + feed->heap_bytes, value[c].data, value[c].length);
        feed->heap_bytes += value[c].length;
    }
    feed->held++;
    feed->records++;
    return 0;
}

int weir_feed_put_batch(struct weir_feed *feed, const struct weir_batch *batch, uint32_t *cursor)
{
    if (batch->columns != feed->schema.columns)
        return WEIR_EUSAGE;
    for (uint32_t r = *cursor; r < batch->records; r++) {
        uint64_t bytes = 0;
        for (uint32_t c = 0; c < batch->columns; c++)
            bytes += weir_value(&batch->column[c], r).length;
        if (bytes > feed->max_record)
            return WEIR_EDATA;
    }
    if (!flush(feed))
        return WEIR_FULL;
    uint32_t before = *cursor;
    bool all = send_batch(feed, batch, cursor);
    feed->records += *cursor - before;
    return all ? 0 : WEIR_FULL;
}

static int feed_source(struct run_end *end, struct weir_err *err)
{
    struct weir_feed *feed = &end->feed;
    bool did = false;
    end->idle = false;
    for (int turn = 0; turn < TURNS && !end->ended && !end->idle; turn++) {
        uint64_t before = feed->records;
        if (is_full(feed) && !flush(feed))
            return did;
        int code = end->source.produce(feed, end->source.context);
        if (code < 0)
            return weir_err_set(err, code, "the source behind stage '%s' has failed", end->id);
        did = did || feed->records > before;
        end->idle = feed->records == before;
        end->ended = code == WEIR_DONE;
    }
    bool flushed = flush(feed); /* what was put is not to wait for more */
    if (!flushed || !end->ended)
        return did;
    weir__channel_end(&end->channel);
    end->closed = true;
    return true;
}

/* ---- taking ---- */

static int drain_sink(struct run_end *end, struct weir_err *err)
{
    static const struct weir_position nowhere = {.file = UINT32_MAX};
    struct weir_feed *feed = &end->feed;
    bool did = false;
    for (int turn = 0; turn < TURNS; turn++) {
        struct channel_frame frame;
        enum channel_state found = weir__channel_take(&end->channel, &frame);
        if (found == CHANNEL_NOTHING || found == CHANNEL_ENDED)
            return did;
        if (found == CHANNEL_DAMAGED ||
            weir__unpack(&end->unpacked, feed->all, feed->schema.columns, frame.bytes,
                         frame.byte_count, &nowhere) < 0)
            return weir_err_set(err, WEIR_EINTERNAL, "the records of stage '%s' cannot be read",
                                end->id);
        int code = end->sink.consume(&end->unpacked.batch, &feed->schema, end->sink.context);
        if (code < 0)
            return weir_err_set(err, code, "the sink behind stage '%s' has failed", end->id);
        feed->records += frame.records;
        weir__channel_give_back(&end->channel, end->channel.at);
        did = true;
    }
    return did;
}

/* ---- both ---- */

int weir__end_exchange(struct run_end *end, struct weir_err *err)
{
    if (!end->attached)
        return 0;
    weir__channel_hear(&end->channel, side_of(end));
    if (end->closed)
        return 0;
    return end->is_source ? feed_source(end, err) : drain_sink(end, err);
}

void weir__end_doze(struct run_end *end)
{
    if (end->attached)
        weir__channel_doze(&end->channel, side_of(end));
}
