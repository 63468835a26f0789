#include "shm/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static int map(struct segment *segment, struct weir_err *err)
{
    segment->base = mmap(NULL, segment->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, segment->fd, 0);
    if (segment->base == MAP_FAILED)
        return weir_err_errno(err, WEIR_EOS, "cannot map shared memory");
    madvise(segment->base, segment->bytes, MADV_DONTDUMP); /* records are not for core files */
    return 0;
}

/* Returns what errno would say. */
static int reserve(int fd, size_t from, size_t bytes)
{
    int failed;
    do
        failed = posix_fallocate(fd, (off_t)from, (off_t)bytes);
    while (failed == EINTR);
    return failed;
}

static int fill(struct segment *segment, int fd, size_t bytes, size_t reserved,
                struct weir_err *err)
{
    *segment = (struct segment){.fd = fd, .base = MAP_FAILED, .bytes = bytes};
    int code = 0, failed = reserve(fd, 0, reserved);
    if (failed == 0 && reserved < bytes && ftruncate(fd, (off_t)bytes) < 0)
        failed = errno;
    if (failed != 0) {
        errno = failed;
        code = weir_err_errno(err, WEIR_EOS, "cannot reserve %zu MiB of shared memory%s",
                              (bytes + (1 << 20) - 1) >> 20,
                              failed == EFBIG ? ", which 'ulimit -f' limits as well" : "");
        goto out;
    }
    code = map(segment, err);
out:
    if (code < 0)
        weir__segment_release(segment);
    return code;
}

int weir__segment_create(struct segment *segment, const char *name, size_t bytes,
                         struct weir_err *err)
{
    return weir__segment_create_sparse(segment, name, bytes, bytes, err);
}

int weir__segment_create_sparse(struct segment *segment, const char *name, size_t bytes,
                                size_t reserved, struct weir_err *err)
{
    *segment = (struct segment){.fd = -1};
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return weir_err_errno(err, WEIR_EOS, "cannot make shared memory");
    int code = fill(segment, fd, bytes, reserved, err);
    if (code == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        code = weir_err_errno(err, WEIR_EOS, "cannot seal shared memory");
        weir__segment_release(segment);
    }
    return code;
}

bool weir__segment_reserve(const struct segment *segment, size_t from, size_t bytes)
{
    return reserve(segment->fd, from, bytes) == 0;
}

int weir__segment_fill(struct segment *segment, int fd, size_t bytes, struct weir_err *err)
{
    return fill(segment, fd, bytes, bytes, err);
}

int weir__segment_attach(struct segment *segment, int fd, struct weir_err *err)
{
    struct stat stat;
    *segment = (struct segment){.fd = -1};
    if (fstat(fd, &stat) < 0)
        return weir_err_errno(err, WEIR_EUSAGE, "descriptor %d", fd);
    if (!S_ISREG(stat.st_mode) || stat.st_size == 0)
        return weir_err_set(err, WEIR_EUSAGE, "descriptor %d is not that of shared memory", fd);
    segment->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (segment->fd < 0)
        return weir_err_errno(err, WEIR_EOS, "cannot keep a descriptor of shared memory");
    segment->bytes = (size_t)stat.st_size;
    int code = map(segment, err);
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
