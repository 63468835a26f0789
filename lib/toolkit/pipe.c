#include <weir/pipe.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* base */
#include "base/clock.h"

/*
 * A pair of sockets that keep messages apart. Each begins with its length. One that is larger than a
 * socket may take at once stands in a memfd, and the memfd is sent.
 */
enum { INLINE_BYTES = 64 * 1024 };

struct head {
    uint64_t bytes;
};

/* Room for one descriptor beside a message. */
union beside {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
};

int weir_pipe_create(int ret_ends[2], bool duplex, struct weir_err *err)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return weir_err_errno(err, WEIR_EOS, "cannot make a pipe");
    if (!duplex) {
        shutdown(ends[0], SHUT_WR);
        shutdown(ends[1], SHUT_RD);
    }
    memcpy(ret_ends, ends, sizeof(ends));
    return 0;
}

/* After a call on the socket that failed: 0 if it is to be tried again, else what to return. */
static int try_again(int end, short events, uint64_t deadline_ns)
{
    struct pollfd ready = {.fd = end, .events = events};
    switch (errno) {
    case EINTR:
    case ECONNRESET: /* the other end went with messages unread; ours are still to be had */
        return 0;
    case EAGAIN: break;
    case EPIPE: return WEIR_CLOSED;
    case ENOMEM:
    case ENOBUFS:
    case EMFILE:
    case ETOOMANYREFS: return WEIR_EOS;
    default: return WEIR_EUSAGE;
    }
    int left_ms = weir__left_ms(deadline_ns);
    return left_ms == 0 || (poll(&ready, 1, left_ms) == 0 && weir__left_ms(deadline_ns) == 0)
               ? WEIR_TIMED_OUT
               : 0;
}

/* ---- sending ---- */

static int send_parts(int end, const struct msghdr *message, uint64_t deadline_ns)
{
    int code = 0;
    while (code == 0 && sendmsg(end, message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        code = try_again(end, POLLOUT, deadline_ns);
    return code;
}

static int send_memory(int end, const struct msghdr *message, const void *bytes, size_t count,
                       uint64_t deadline_ns)
{
    union beside beside = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
                                    .cmsg_level = SOL_SOCKET,
                                    .cmsg_type = SCM_RIGHTS}};
    int memory = memfd_create("weir-message", MFD_CLOEXEC);
    if (memory < 0)
        return WEIR_EOS;
    int code = write(memory, bytes, count) == (ssize_t)count ? 0 : WEIR_EOS;
    if (code == 0) {
        memcpy(CMSG_DATA(&beside.head), &memory, sizeof(memory));
        struct msghdr with_memory = *message;
        with_memory.msg_control = &beside;
        with_memory.msg_controllen = sizeof(beside);
        code = send_parts(end, &with_memory, deadline_ns);
    }
    close(memory);
    return code;
}

int weir_pipe_send(int end, const void *message, size_t bytes, int64_t timeout_ms)
{
    uint64_t deadline_ns = weir__deadline_ns(timeout_ms);
    struct head head = {.bytes = bytes};
    struct iovec parts[] = {{&head, sizeof(head)}, {(void *)(uintptr_t)message, bytes}};
    struct msghdr packet = {.msg_iov = parts, .msg_iovlen = bytes > INLINE_BYTES ? 1 : 2};
    return bytes > INLINE_BYTES ? send_memory(end, &packet, message, bytes, deadline_ns)
                                : send_parts(end, &packet, deadline_ns);
}

/* ---- receiving ---- */

/* Waits for a message and looks at its head, without taking it. */
static int await_message(int end, struct head *ret, uint64_t deadline_ns)
{
    for (;;) {
        ssize_t n = recv(end, ret, sizeof(*ret), MSG_PEEK | MSG_DONTWAIT);
        if (n == sizeof(*ret))
            return 0;
        if (n >= 0)
            return n == 0 ? WEIR_CLOSED : WEIR_EUSAGE;
        int code = try_again(end, POLLIN, deadline_ns);
        if (code != 0)
            return code;
    }
}

static int read_memory(const union beside *beside, void *into, size_t bytes)
{
    int memory;
    if (beside->head.cmsg_len != CMSG_LEN(sizeof(memory)))
        return WEIR_EOS; /* there was no place for the descriptor */
    memcpy(&memory, CMSG_DATA(&beside->head), sizeof(memory));
    int code = pread(memory, into, bytes, 0) == (ssize_t)bytes ? 0 : WEIR_EOS;
    close(memory);
    return code;
}

int weir_pipe_receive(int end, void *into, size_t room, size_t *ret_bytes, int64_t timeout_ms)
{
    struct head head;
    int code = await_message(end, &head, weir__deadline_ns(timeout_ms));
    if (code != 0)
        return code;
    *ret_bytes = head.bytes;
    if (head.bytes > room)
        return WEIR_TOO_LARGE;
    bool in_memory = head.bytes > INLINE_BYTES;
    union beside beside = {{0}};
    struct iovec parts[] = {{&head, sizeof(head)}, {into, head.bytes}};
    struct msghdr packet = {.msg_iov = parts,
                            .msg_iovlen = in_memory ? 1 : 2,
                            .msg_control = &beside,
                            .msg_controllen = sizeof(beside)};
    size_t expected = sizeof(head) + (in_memory ? 0 : head.bytes);
    if (recvmsg(end, &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != (ssize_t)expected)
        return WEIR_EUSAGE; /* somebody else received at the same time */
    return in_memory ? read_memory(&beside, into, head.bytes) : 0;
}

/* ---- waiting ---- */

static int await_one(struct pollfd *list, size_t count, uint64_t deadline_ns)
{
    for (;;) {
        int left_ms = weir__left_ms(deadline_ns), ready = poll(list, count, left_ms);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return WEIR_EOS;
        if (left_ms == 0)
            return WEIR_TIMED_OUT;
    }
}

int weir_pipe_wait(const int *ends, size_t count, size_t *ret, int64_t timeout_ms)
{
    size_t first = 0;
    struct pollfd *list = calloc(count + 1, sizeof(*list));
    if (list == NULL)
        return WEIR_EOS;
    for (size_t i = 0; i < count; i++)
        list[i] = (struct pollfd){.fd = ends[i], .events = POLLIN};
    int code = await_one(list, count, weir__deadline_ns(timeout_ms));
    while (code == 0 && list[first].revents == 0)
        first++;
    if (code == 0 && (list[first].revents & POLLNVAL) != 0)
        code = WEIR_EUSAGE;
    if (code == 0 && ret != NULL)
        *ret = first;
    free(list);
    return code;
}

int weir_pipe_poll(int end, int64_t timeout_ms)
{
    return weir_pipe_wait(&end, 1, NULL, timeout_ms);
}
