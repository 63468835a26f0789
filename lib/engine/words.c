#include "engine/words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int weir__words_open(struct words *words, int *ret_fd, struct weir_err *err)
{
    int fds[2];
    *words = (struct words){.fd = -1};
    if (pipe2(fds, O_CLOEXEC) < 0)
        return weir_err_errno(err, WEIR_EOS, "cannot make a pipe for a worker");
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    words->fd = fds[0];
    *ret_fd = fds[1];
    return 0;
}

static void end_line(struct words *words, void (*tell)(void *context, const char *line),
                     void *context)
{
    words->line[words->used] = '\0';
    words->used = 0;
    if (words->line[strspn(words->line, " \t\r")] == '\0')
        return;
    snprintf(words->last, sizeof(words->last), "%.*s", (int)sizeof(words->last) - 1, words->line);
    tell(context, words->line);
}

bool weir__words_read(struct words *words, void (*tell)(void *context, const char *line),
                      void *context)
{
    char piece[4096];
    ssize_t got;
    while ((got = read(words->fd, piece, sizeof(piece))) > 0)
        for (ssize_t i = 0; i < got; i++) {
            if (piece[i] != '\n')
                words->line[words->used++] = piece[i] == '\0' ? ' ' : piece[i];
            if (piece[i] == '\n' || words->used == sizeof(words->line) - 1)
                end_line(words, tell, context);
        }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (words->used > 0)
        end_line(words, tell, context);
    return false;
}

void weir__words_close(struct words *words)
{
    if (words->fd >= 0)
        close(words->fd);
    words->fd = -1;
}
