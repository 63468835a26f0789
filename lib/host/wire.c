#include "host/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct wire_head {
    uint32_t kind, has_text;
};

union control {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int) * WIRE_FDS)];
};

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno != EINTR)
            return false;
        bytes += written > 0 ? written : 0;
        n -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

static int text_file(const struct wire_part *part, unsigned parts)
{
    int fd = memfd_create("weir message", MFD_CLOEXEC);
    for (unsigned p = 0; p < parts && fd >= 0; p++)
        if (!write_all(fd, part[p].bytes, part[p].byte_count)) {
            close(fd);
            fd = -1;
        }
    return fd;
}

enum wire_state weir__wire_send(int socket, enum wire_kind kind, const struct wire_part *part,
                                unsigned parts, const int *fds, unsigned fd_count)
{
    struct wire_head head = {.kind = kind, .has_text = parts > 0};
    struct iovec piece = {&head, sizeof(head)};
    union control control = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    int all[WIRE_FDS];
    unsigned count = 0;
    if (parts > 0 && (all[count++] = text_file(part, parts)) < 0)
        return WIRE_NOTHING;
    for (unsigned i = 0; i < fd_count && count < WIRE_FDS; i++)
        all[count++] = fds[i];
    if (count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        control.head = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                        .cmsg_type = SCM_RIGHTS,
                                        .cmsg_len = CMSG_LEN(sizeof(int) * count)};
        memcpy(CMSG_DATA(&control.head), all, sizeof(int) * count);
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    bool full = sent < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS);
    if (parts > 0)
        close(all[0]);
    return sent >= 0 ? WIRE_GOT : full ? WIRE_NOTHING : WIRE_CLOSED;
}

/* The first descriptor is the text's. */
static bool take_text(struct wire_message *message)
{
    struct stat status;
    if (message->fds == 0 || fstat(message->fd[0], &status) < 0)
        return false;
    message->byte_count = (size_t)status.st_size;
    message->bytes = malloc(message->byte_count + 1);
    if (message->bytes == NULL)
        return false;
    for (size_t done = 0; done < message->byte_count;) {
        ssize_t got =
            pread(message->fd[0], message->bytes + done, message->byte_count - done, (off_t)done);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        done += got > 0 ? (size_t)got : 0;
    }
    message->bytes[message->byte_count] = '\0';
    close(message->fd[0]);
    message->fds--;
    memmove(message->fd, message->fd + 1, message->fds * sizeof(*message->fd));
    return true;
}

enum wire_state weir__wire_receive(int socket, struct wire_message *ret)
{
    struct wire_head head;
    struct iovec piece = {&head, sizeof(head)};
    union control control;
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    ssize_t got;
    *ret = (struct wire_message){.fds = 0};
    do {
        got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        /* A reset is told once: the other side has closed and not read everything. What it has sent
         * is still there. */
    } while (got < 0 && (errno == EINTR || errno == ECONNRESET));
    if (got < 0 && errno == EAGAIN)
        return WIRE_NOTHING;
    const struct cmsghdr *rights = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (rights != NULL && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS) {
        ret->fds = (unsigned)((rights->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(ret->fd, CMSG_DATA(rights), ret->fds * sizeof(int));
    }
    ret->kind = got == sizeof(head) ? (enum wire_kind)head.kind : WIRE_JOB;
    if (got == sizeof(head) && (head.has_text == 0 || take_text(ret)))
        return WIRE_GOT;
    weir__wire_release(ret);
    return WIRE_CLOSED;
}

void weir__wire_release(struct wire_message *message)
{
    for (unsigned i = 0; i < message->fds; i++)
        close(message->fd[i]);
    free(message->bytes);
    *message = (struct wire_message){.fds = 0};
}
