/*
 * limits.c - what the machine allows: the least that any program must do for a work.
 *
 *     limits read FILE PROCESSES       the file is read, a chunk at a time, by so many processes
 *     limits copy BYTES PROCESSES      so many bytes in all are copied in memory that no cache holds
 *     limits write FILE BYTES          one process writes so many bytes to a new file
 *
 * Prints nothing: bench/measure takes the time.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)512 << 10)
#define COPY_BYTES  ((size_t)16 << 20) /* of each process: all of them together exceed the caches */

/* The next chunk that nobody has taken. */
static _Atomic uint64_t *next_chunk;

static char *memory_of(size_t bytes)
{
    char *memory = malloc(bytes);
    if (memory == NULL) {
        fputs("limits: no memory\n", stderr);
        _exit(71);
    }
    memset(memory, 1, bytes);
    return memory;
}

static bool read_chunks(const char *path, uint64_t ignored)
{
    char *chunk = memory_of(CHUNK_BYTES);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = fd < 0 ? -1 : 1;
    (void)ignored;
    while (bytes > 0)
        bytes =
            pread(fd, chunk, CHUNK_BYTES, (off_t)(atomic_fetch_add(next_chunk, 1) * CHUNK_BYTES));
    return bytes == 0;
}

static bool copy_memory(const char *ignored, uint64_t bytes)
{
    char *from = memory_of(COPY_BYTES), *to = memory_of(COPY_BYTES);
    (void)ignored;
    while (atomic_fetch_add(next_chunk, 1) < bytes / COPY_BYTES) {
        memcpy(to, from, COPY_BYTES);
        __asm__ volatile("" : : "r"(to) : "memory"); /* somebody might read it */
    }
    return true;
}

static bool write_file(const char *path, uint64_t bytes)
{
    char *chunk = memory_of(CHUNK_BYTES);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool good = fd >= 0;
    for (uint64_t done = 0; good && done < bytes; done += CHUNK_BYTES)
        good = write(fd, chunk, CHUNK_BYTES) == (ssize_t)CHUNK_BYTES;
    return good;
}

static bool in_processes(uint64_t processes, bool (*work)(const char *, uint64_t), const char *path,
                         uint64_t bytes)
{
    bool good = true;
    for (uint64_t i = 0; i < processes && good; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(work(path, bytes) ? EXIT_SUCCESS : EXIT_FAILURE);
        good = pid > 0;
    }
    int status;
    while (wait(&status) > 0)
        good = good && status == 0;
    return good;
}

int main(int argc, char **argv)
{
    const char *what = argc == 4 ? argv[1] : "";
    next_chunk =
        mmap(NULL, sizeof(*next_chunk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (next_chunk == MAP_FAILED)
        return 71;
    bool good = false;
    if (strcmp(what, "read") == 0)
        good = in_processes(strtoull(argv[3], NULL, 10), read_chunks, argv[2], 0);
    else if (strcmp(what, "copy") == 0)
        good = in_processes(strtoull(argv[3], NULL, 10), copy_memory, NULL,
                            strtoull(argv[2], NULL, 10));
    else if (strcmp(what, "write") == 0)
        good = in_processes(1, write_file, argv[2], strtoull(argv[3], NULL, 10));
    else
        fputs("usage: limits read FILE PROCESSES | copy BYTES PROCESSES | write FILE BYTES\n",
              stderr);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
