#include "config/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* base */
#include "base/buf.h"

#define CHUNK ((size_t)64 << 10)

/* libfyaml reads a line of tokens to its end before it tells of the first, at some hundred bytes of
 * memory each. Ten megabytes of brackets in one line would cost gigabytes. */
#define LINE_MAX_BYTES ((size_t)256 << 10)

static int open_text(const char *path, int *ret_fd, struct weir_err *err)
{
    struct stat st;
    if (strcmp(path, "-") == 0) {
        *ret_fd = STDIN_FILENO;
        return 0;
    }
    int fd = (int)TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_CLOEXEC));
    if (fd < 0)
        return weir_err_errno(err, WEIR_ENOINPUT, "cannot open '%s'", path);
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        return weir_err_set(err, WEIR_ENOINPUT, "'%s' is a directory", path);
    }
    *ret_fd = fd;
    return 0;
}

int weir__text_read(const char *path, size_t max, char **ret, size_t *ret_length,
                    struct weir_err *err)
{
    struct buf buf;
    int fd = -1;
    char *chunk = malloc(CHUNK);
    weir__buf_init(&buf);
    int rc =
        chunk == NULL ? weir_err_set(err, WEIR_EOS, "out of memory") : open_text(path, &fd, err);
    while (rc == 0) {
        ssize_t n = read(fd, chunk, CHUNK);
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            rc = weir_err_errno(err, WEIR_EIO, "cannot read '%s'", path);
        else if (n > 0)
            weir__buf_add(&buf, chunk, (size_t)n);
        if (buf.len > max)
            rc = weir_err_set(err, WEIR_ECONFIG, "'%s' is larger than %zu MiB", path, max >> 20);
    }
    if (rc == 0) {
        *ret_length = buf.len;
        *ret = weir__buf_detach(&buf);
        if (*ret == NULL)
            rc = weir_err_set(err, WEIR_EOS, "out of memory");
    }
    weir__buf_release(&buf);
    free(chunk);
    if (fd > STDIN_FILENO)
        close(fd);
    return rc;
}

/* ---- checking ---- */

/* The length of the UTF-8 sequence at c, 0 if it is not one (RFC 3629, section 4). The bytes end
 * with a NUL. */
static size_t utf8_length(const unsigned char *c)
{
    unsigned char low = 0x80, high = 0xBF;
    size_t n = 0;
    if (c[0] < 0x80)
        return 1;
    if (c[0] >= 0xC2 && c[0] <= 0xDF)
        n = 2;
    else if (c[0] >= 0xE0 && c[0] <= 0xEF)
        n = 3;
    else if (c[0] >= 0xF0 && c[0] <= 0xF4)
        n = 4;
    else
        return 0;
    if (c[0] == 0xE0)
        low = 0xA0;
    if (c[0] == 0xED)
        high = 0x9F;
    if (c[0] == 0xF0)
        low = 0x90;
    if (c[0] == 0xF4)
        high = 0x8F;
    if (c[1] < low || c[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((c[i] & 0xC0) != 0x80)
            return 0;
    return n;
}

/* What is wrong with the character at c, or NULL. */
static const char *wrong_character(const unsigned char *c)
{
    if (*c == '\0')
        return "a NUL byte: this is a binary file, not a pipeline file";
    if (*c == '\r' && c[1] != '\n')
        return "a carriage return alone does not end a line: save the file with Unix line ends";
    if ((*c < 0x20 && *c != '\t' && *c != '\n' && *c != '\r') || *c == 0x7F)
        return "a control character: this is no pipeline file";
    return utf8_length(c) == 0 ? "this is not UTF-8: save the file as UTF-8" : NULL;
}

static void drop_mark(char *text, size_t *length)
{
    if (*length < 3 || memcmp(text, "\xEF\xBB\xBF", 3) != 0)
        return;
    *length -= 3;
    memmove(text, text + 3, *length + 1);
}

int weir__text_check(char *text, size_t *length, struct weir_err *err)
{
    uint32_t line = 1;
    size_t line_start = 0;
    if (*length >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0))
        return weir_err_set(err, WEIR_ECONFIG, "the file is UTF-16: save it as UTF-8");
    drop_mark(text, length);
    for (size_t i = 0; i < *length;) {
        const unsigned char *c = (const unsigned char *)text + i;
        const char *wrong = i - line_start > LINE_MAX_BYTES
                                ? "a line of more than 256 KiB: this is no pipeline file"
                                : wrong_character(c);
        if (wrong != NULL) {
            weir_err_set(err, WEIR_ECONFIG, "%s", wrong);
            err->line = line;
            err->column = (uint32_t)(i - line_start) + 1;
            err->span = 1;
            return WEIR_ECONFIG;
        }
        if (*c == '\n') {
            line++;
            line_start = i + 1;
        }
        i += utf8_length(c);
    }
    return 0;
}
