#include "host/flat.h"

#include <stdlib.h>
#include <string.h>

/* ---- flattening ---- */

/* Appends a text, and puts where it stands into the place of its pointer. */
static void put_text(struct buf *to, size_t begin, const char **place, const char *text)
{
    uintptr_t at = text == NULL ? 0 : to->len - begin;
    *place = (const char *)at;
    if (text != NULL)
        weir__buf_add(to, text, strlen(text) + 1);
}

void weir__receipt_flatten(const struct weir_receipt *receipt, struct buf *to)
{
    size_t begin = to->len, stages = receipt->stages;
    struct weir_receipt flat = *receipt;
    struct weir_stage_stats *stage = calloc(stages + 1, sizeof(*stage));
    if (stage == NULL) {
        to->failed = true;
        return;
    }
    if (stages > 0)
        memcpy(stage, receipt->stage, stages * sizeof(*stage));
    weir__buf_add(to, &flat, sizeof(flat));
    weir__buf_add(to, stage, stages * sizeof(*stage));
    put_text(to, begin, &flat.name, receipt->name);
    put_text(to, begin, &flat.run_id, receipt->run_id);
    for (size_t s = 0; s < stages; s++) {
        put_text(to, begin, &stage[s].id, stage[s].id);
        put_text(to, begin, &stage[s].type, stage[s].type);
        put_text(to, begin, &stage[s].slow_way, stage[s].slow_way);
        put_text(to, begin, &stage[s].published, stage[s].published);
        for (size_t p = 0; p < stage[s].ports; p++)
            put_text(to, begin, &stage[s].port[p].name, stage[s].port[p].name);
    }
    if (!to->failed) {
        memcpy(to->data + begin, &flat, sizeof(flat));
        memcpy(to->data + begin + sizeof(flat), stage, stages * sizeof(*stage));
    }
    free(stage);
}

/* ---- raising ---- */

struct block {
    char *begin;
    size_t bytes;
    bool damaged;
};

static void raise_text(struct block *block, const char **place)
{
    uintptr_t at = (uintptr_t)*place;
    block->damaged = block->damaged || at >= block->bytes;
    *place = at == 0 || at >= block->bytes ? NULL : block->begin + at;
}

struct weir_receipt *weir__receipt_raise(const char *bytes, size_t byte_count)
{
    struct weir_receipt *receipt = malloc(byte_count + 1);
    struct block block = {(char *)receipt, byte_count, false};
    if (receipt == NULL || byte_count < sizeof(*receipt)) {
        free(receipt);
        return NULL;
    }
    memcpy(receipt, bytes, byte_count);
    block.begin[byte_count] = '\0';
    struct weir_stage_stats *stage = (struct weir_stage_stats *)(void *)(receipt + 1);
    if (receipt->stages > (byte_count - sizeof(*receipt)) / sizeof(*stage)) {
        free(receipt);
        return NULL;
    }
    receipt->stage = stage;
    raise_text(&block, &receipt->name);
    raise_text(&block, &receipt->run_id);
    for (size_t s = 0; s < receipt->stages; s++) {
        raise_text(&block, &stage[s].id);
        raise_text(&block, &stage[s].type);
        raise_text(&block, &stage[s].slow_way);
        raise_text(&block, &stage[s].published);
        block.damaged = block.damaged || stage[s].ports > WEIR_PORTS_MOST;
        for (size_t p = 0; p < stage[s].ports && !block.damaged; p++)
            raise_text(&block, &stage[s].port[p].name);
    }
    if (!block.damaged)
        return receipt;
    free(receipt);
    return NULL;
}
