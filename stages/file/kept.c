#include "file/kept.h"

#include <errno.h>
#include <unistd.h>

int weir__kept_write(struct weir_stage *stage, const char *data, size_t bytes, uint64_t at)
{
    while (bytes > 0) {
        ssize_t wrote = TEMP_FAILURE_RETRY(pwrite(weir_kept(stage), data, bytes, (off_t)at));
        if (wrote < 0)
            return weir_fail_errno(stage, WEIR_EIO, "cannot write to the temporary file (TMPDIR)");
        data += wrote;
        at += (uint64_t)wrote;
        bytes -= (size_t)wrote;
    }
    return 0;
}
