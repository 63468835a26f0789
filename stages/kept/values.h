/* values.h - values of columns among other bytes. */
#ifndef WEIR_STAGES_KEPT_VALUES_H
#define WEIR_STAGES_KEPT_VALUES_H

#include <weir/batch.h>

#include "kept/bytes.h"

static inline void value_write(struct bytes *to, struct weir_value value)
{
    uint32_t length = value.data == NULL ? UINT32_MAX : value.length;
    bytes_add(to, &length, sizeof(length));
    if (value.data != NULL)
        bytes_add(to, value.data, value.length);
}

/* Moves *at on. False where there is no value. */
static inline bool value_read(const char **at, const char *end, struct weir_value *ret)
{
    uint32_t length;
    if ((size_t)(end - *at) < sizeof(length))
        return false;
    memcpy(&length, *at, sizeof(length));
    *at += sizeof(length);
    *ret = (struct weir_value){NULL, 0};
    if (length == UINT32_MAX)
        return true;
    if ((size_t)(end - *at) < length)
        return false;
    *ret = (struct weir_value){*at, length};
    *at += length;
    return true;
}

#endif
