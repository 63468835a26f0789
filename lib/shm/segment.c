#include "shm/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

int weir__segment_create(struct segment *segment, size_t bytes, struct weir_err *err)
{
    int code = 0;
    *segment = (struct segment){.fd = -1, .base = MAP_FAILED, .bytes = bytes};
    segment->fd = memfd_create("weir", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (segment->fd < 0) {
        code = weir_err_errno(err, WEIR_EOS, "cannot make the run's shared memory");
        goto out;
    }
    int failed;
    do {
        failed = posix_fallocate(segment->fd, 0, (off_t)bytes);
    } while (failed == EINTR);
    if (failed != 0) {
        errno = failed;
        code =
            weir_err_errno(err, WEIR_EOS, "cannot reserve %zu MiB of shared memory for the run%s",
                           (bytes + (1 << 20) - 1) >> 20,
                           failed == EFBIG ? ", which 'ulimit -f' limits as well" : "");
        goto out;
    }
    segment->base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, segment->fd, 0);
    if (segment->base == MAP_FAILED ||
        fcntl(segment->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        code = weir_err_errno(err, WEIR_EOS, "cannot map the run's shared memory");
        goto out;
    }
    madvise(segment->base, bytes, MADV_DONTDUMP); /* records are not for core files */
out:
    if (code < 0)
        weir__segment_release(segment);
    return code;
}

void weir__segment_keep_from_children(const struct segment *segment)
{
    madvise(segment->base, segment->bytes, MADV_DONTFORK);
}

void weir__segment_populate(void *from, size_t bytes)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (uintptr_t)from & ~(page - 1);
    uintptr_t end = ((uintptr_t)from + bytes + page - 1) & ~(page - 1);
    /* Only a matter of speed: a kernel before 5.14 does not know it, and pages come on first use.
     */
    madvise((void *)first, end - first, MADV_POPULATE_WRITE);
}

void weir__segment_release(struct segment *segment)
{
    if (segment->base != NULL && segment->base != MAP_FAILED)
        munmap(segment->base, segment->bytes);
    if (segment->fd >= 0)
        close(segment->fd);
    *segment = (struct segment){.fd = -1};
}
