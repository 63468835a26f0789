#include "engine/words.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int weir__words_open(struct words *words, int *ret_fd, struct weir_err *err)
{
    int fds[2];
    words->fd = -1;
    words->used = 0;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return weir_err_errno(err, WEIR_EOS, "cannot make a pipe for a worker");
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    words->fd = fds[0];
    *ret_fd = fds[1];
    return 0;
}

void weir__words_end(struct words *words, void (*tell)(void *context, const char *line),
                     void *context)
{
    words->line[words->used] = '\0';
    words->used = 0;
    if (words->line[strspn(words->line, " \t\r")] == '\0')
        return;
    if (strcmp(words->last, words->line) == 0)
        return;
    strcpy(words->last, words->line);
    tell(context, words->line);
}

bool weir__words_read(struct words *words, void (*tell)(void *context, const char *line),
                      void *context)
{
    char piece[4096];
    ssize_t got = 1;
    /* Not more than a pipe holds at a time: who writes without end must not keep the supervisor
     * from its work. */
    for (int i = 0; i < 16 && (got = read(words->fd, piece, sizeof(piece))) > 0; i++)
        for (ssize_t at = 0; at < got; at++) {
            if (piece[at] != '\n')
                words->line[words->used++] = piece[at] == '\0' ? ' ' : piece[at];
            if (piece[at] == '\n' || words->used == sizeof(words->line) - 1)
                weir__words_end(words, tell, context);
        }
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
        return true;
    weir__words_end(words, tell, context);
    return false;
}

void weir__words_close(struct words *words)
{
    if (words->fd >= 0)
        close(words->fd);
    words->fd = -1;
}
