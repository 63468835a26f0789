#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file in memory that holds the text, read from its beginning; -1 on failure. */
static int make_file(const char *text)
{
    size_t bytes = strlen(text), done = 0;
    int fd = memfd_create("pipeline", MFD_CLOEXEC);
    while (fd >= 0 && done < bytes) {
        ssize_t n = pwrite(fd, text + done, bytes - done, (off_t)done);
        if (n < 0 && errno != EINTR) {
            close(fd);
            return -1;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return fd;
}

/* Puts fd, which is taken over, in the stream's place. Returns what stood there, or -1. */
static int replace(int stream, int fd)
{
    int before = fd < 0 ? -1 : fcntl(stream, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (before >= 0)
        dup2(fd, stream);
    if (fd >= 0)
        close(fd);
    return before;
}

static void restore(int stream, int before)
{
    if (before < 0)
        return;
    dup2(before, stream);
    close(before);
}

int capture_begin(struct capture *capture, const char *given, struct weir_err *err)
{
    fflush(stdout);
    capture->in = given == NULL ? -1 : replace(STDIN_FILENO, make_file(given));
    capture->out = given != NULL && capture->in < 0 ? -1 : replace(STDOUT_FILENO, make_file(""));
    if (capture->out >= 0)
        return 0;
    weir_err_errno(err, WEIR_EOS, "cannot make memory for the records");
    restore(STDIN_FILENO, capture->in);
    return err->code;
}

static char *read_file(int fd, size_t *ret_bytes)
{
    struct stat status;
    size_t done = 0;
    ssize_t n = 1;
    char *text = fstat(fd, &status) < 0 ? NULL : malloc((size_t)status.st_size + 1);
    while (text != NULL && n != 0 && done < (size_t)status.st_size) {
        n = pread(fd, text + done, (size_t)status.st_size - done, (off_t)done);
        if (n < 0 && errno != EINTR) {
            free(text);
            return NULL;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    if (text != NULL)
        text[done] = '\0';
    *ret_bytes = done;
    return text;
}

int capture_end(struct capture *capture, char **ret, size_t *ret_bytes, struct weir_err *err)
{
    fflush(stdout);
    *ret = read_file(STDOUT_FILENO, ret_bytes);
    int code = *ret == NULL ? weir_err_errno(err, WEIR_EOS, "cannot read what was written") : 0;
    restore(STDIN_FILENO, capture->in);
    restore(STDOUT_FILENO, capture->out);
    return code;
}
