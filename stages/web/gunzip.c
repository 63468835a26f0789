#include "web/gunzip.h"

#include <string.h>
#include <zlib.h>

bool weir__gunzip_is_packed(const char *data, size_t n)
{
    return n > 2 && memcmp(data, "\x1f\x8b\x08", 3) == 0;
}

static const char *unpack(z_stream *stream, size_t most, struct bytes *to)
{
    char piece[16384];
    size_t begin = to->count;
    for (;;) {
        stream->next_out = (unsigned char *)piece;
        stream->avail_out = sizeof(piece);
        int rc = inflate(stream, Z_NO_FLUSH);
        weir__bytes_add(to, piece, sizeof(piece) - stream->avail_out);
        if (to->count - begin > most)
            return "too_large";
        if (rc == Z_STREAM_END && stream->avail_in == 0)
            return NULL;
        if (rc == Z_STREAM_END) /* there may be another member; what else follows is padding */
            rc = *stream->next_in == 0x1f ? inflateReset(stream) : Z_STREAM_END;
        if (rc == Z_STREAM_END)
            return NULL;
        if (rc == Z_BUF_ERROR)
            return "truncated";
        if (rc != Z_OK)
            return "corrupt";
    }
}

const char *weir__gunzip(const char *data, size_t n, size_t most, struct bytes *to)
{
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)data, .avail_in = (unsigned)n};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) {
        to->failed = true;
        return NULL;
    }
    const char *why = unpack(&stream, most, to);
    inflateEnd(&stream);
    return why;
}
