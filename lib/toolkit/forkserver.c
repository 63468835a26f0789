#include "toolkit/forkserver.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/shared.h>

/* toolkit */
#include "toolkit/spawn.h"

/* Sent for each child, in this order. One that does not exist is `missing`, and another stands in
 * its place. */
enum { SENT_CALL, SENT_FOLDER, SENT_STANDARD, SENT_GIVEN = SENT_STANDARD + 3 };

/* As many descriptors go with a message (SCM_MAX_FD is 253), and there are as many messages as it
 * takes, with the same head. */
enum { FDS_AT_ONCE = 250 };

/* Servers that are killed over one request until it is given up. */
enum { ATTEMPTS = 20 };

struct head {
    uint32_t fd_count;
    uint32_t missing; /* a bit for each of SENT_FOLDER ... */
};

union fds_room {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(FDS_AT_ONCE * sizeof(int))];
};

enum { SERVER_SOCKET, SERVER_MEMORY }; /* the descriptors of a server, in this order */

/* ---- in the parent ---- */

struct server {
    struct process process; /* pid 0: there is none */
    pid_t client;           /* a process that was forked from it has none either */
    int socket;
    struct weir_shared memory; /* a pid_t: 0, or the child of this request */
};

static _Thread_local struct server server;
static pthread_key_t thread_end;
static bool has_thread_end; /* else a server that ends with its thread stays unreaped */
static pthread_once_t thread_end_once = PTHREAD_ONCE_INIT;

static bool has_server(void)
{
    return server.process.pid != 0 && server.client == getpid();
}

/* Returns the child of the last request: from here on there will be no other. */
static pid_t stop_server(void)
{
    struct process_end end;
    weir__process_kill(&server.process, SIGKILL);
    weir__process_reap(&server.process, &end);
    pid_t pid = *(const pid_t *)server.memory.base;
    close(server.socket);
    weir_shared_close(&server.memory);
    return pid;
}

__attribute__((destructor)) void weir__forkserver_stop(void)
{
    if (has_server())
        stop_server();
}

static void stop_with_thread(void *unused)
{
    (void)unused;
    weir__forkserver_stop();
}

static void make_thread_end(void)
{
    has_thread_end = pthread_key_create(&thread_end, stop_with_thread) == 0;
}

static int start_server(struct weir_err *err)
{
    int ends[2];
    server = (struct server){.client = getpid()};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return weir_err_errno(err, WEIR_EOS, "cannot make a socket");
    int code = weir_shared_create(&server.memory, NULL, sizeof(pid_t), false, err);
    if (code == 0) {
        struct weir_child child = {
            .name = FORKSERVER_NAME, .fds = (int[]){ends[1], server.memory.fd}, .fd_count = 2};
        code = weir__spawn(&server.process, weir__forkserver_main, &child, err);
    }
    close(ends[1]);
    server.socket = ends[0];
    if (code < 0) {
        close(server.socket);
        weir_shared_close(&server.memory);
        return code;
    }
    pthread_once(&thread_end_once, make_thread_end);
    if (has_thread_end)
        pthread_setspecific(thread_end, &server);
    return 0;
}

static bool send_fds(const struct head *head, const int *fds)
{
    for (size_t at = 0, n; at < head->fd_count; at += n) {
        union fds_room room;
        n = head->fd_count - at < FDS_AT_ONCE ? head->fd_count - at : FDS_AT_ONCE;
        struct iovec part = {.iov_base = (void *)(uintptr_t)head, .iov_len = sizeof(*head)};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = &room,
                                 .msg_controllen = CMSG_SPACE(n * sizeof(int))};
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(n * sizeof(int));
        memcpy(CMSG_DATA(rights), fds + at, n * sizeof(int));
        ssize_t sent;
        do
            sent = sendmsg(server.socket, &message, MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
        if (sent < 0)
            return false;
    }
    return true;
}

static ssize_t receive_answer(struct weir_err *answer)
{
    ssize_t received;
    do
        received = recv(server.socket, answer, sizeof(*answer), 0);
    while (received < 0 && errno == EINTR);
    return received;
}

/* Returns 0 with *ret_pid set, which is 0 if the server died and there is no child; or an error. */
static int ask(const struct head *head, const int *fds, pid_t *ret_pid, struct weir_err *err)
{
    struct weir_err answer;
    pid_t *pid = server.memory.base;
    *pid = 0;
    bool sent = send_fds(head, fds);
    if (!sent && errno != EPIPE && errno != ECONNRESET) {
        int code = weir_err_errno(err, errno == EBADF ? WEIR_EUSAGE : WEIR_EOS,
                                  "cannot give a descriptor");
        stop_server(); /* it may have received a part */
        return code;
    }
    if (sent && receive_answer(&answer) == sizeof(answer)) {
        *ret_pid = *pid;
        if (answer.code < 0 && err != NULL)
            *err = answer;
        return answer.code;
    }
    *ret_pid = stop_server();
    return 0;
}

static int ask_until_answered(const struct head *head, const int *fds, pid_t *ret_pid,
                              struct weir_err *err)
{
    int code = 0;
    *ret_pid = 0;
    for (int i = 0; i < ATTEMPTS && code == 0 && *ret_pid == 0; i++) {
        if (!has_server())
            code = start_server(err);
        if (code == 0)
            code = ask(head, fds, ret_pid, err);
    }
    if (code == 0 && *ret_pid == 0)
        code = weir_err_set(err, WEIR_EUNAVAILABLE, "the forkserver was killed %d times", ATTEMPTS);
    return code;
}

/* Fills in what a child has besides what it was given; of 0, 1 and 2 what a program would have that
 * is executed. */
static void add_own(struct head *head, int *fds, int call)
{
    fds[SENT_CALL] = call;
    fds[SENT_FOLDER] = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 3; i++)
        fds[SENT_STANDARD + i] = fcntl(i, F_GETFD) == 0 ? i : -1;
    for (int i = SENT_FOLDER; i < SENT_GIVEN; i++)
        if (fds[i] < 0) {
            fds[i] = call;
            head->missing |= 1u << i;
        }
}

int weir__forkserver_start(struct process *process, int (*main)(const struct weir_child *),
                           const struct weir_child *child, struct weir_err *err)
{
    struct head head = {.fd_count = (uint32_t)(SENT_GIVEN + child->fd_count)};
    pid_t pid = 0;
    int call = weir__call_write(main, child, err);
    if (call < 0)
        return call;
    int code = 0, *fds = calloc(head.fd_count, sizeof(*fds));
    if (fds == NULL) {
        code = weir_err_set(err, WEIR_EOS, "out of memory");
    } else {
        add_own(&head, fds, call);
        if (child->fd_count > 0)
            memcpy(fds + SENT_GIVEN, child->fds, child->fd_count * sizeof(*fds));
        code = ask_until_answered(&head, fds, &pid, err);
        if (fds[SENT_FOLDER] != call)
            close(fds[SENT_FOLDER]);
    }
    if (code < 0)
        weir_err_context(err, "cannot start '%s'", child->name);
    free(fds);
    close(call); /* which leaves a descriptor for the next line */
    return code < 0 ? code : weir__process_watch(process, pid, err);
}

/* ---- in the server ---- */

struct request {
    struct head head;
    int *fds;
    bool complete; /* else there were no numbers for all descriptors */
};

/* False when the client is gone. */
static bool receive_some(int socket, struct request *request, size_t at)
{
    union fds_room room;
    struct iovec part = {.iov_base = &request->head, .iov_len = sizeof(request->head)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof(room)};
    if (recvmsg(socket, &message, 0) != sizeof(request->head))
        return false;
    if (request->fds == NULL) {
        request->fds = calloc(request->head.fd_count, sizeof(*request->fds));
        if (request->fds == NULL)
            return false;
        memset(request->fds, -1, request->head.fd_count * sizeof(*request->fds));
    }
    request->complete = request->complete && (message.msg_flags & MSG_CTRUNC) == 0;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    if (rights != NULL)
        memcpy(request->fds + at, CMSG_DATA(rights), rights->cmsg_len - CMSG_LEN(0));
    return true;
}

static bool receive_request(int socket, struct request *request)
{
    *request = (struct request){.complete = true};
    size_t at = 0;
    do {
        if (!receive_some(socket, request, at))
            return false;
        at += FDS_AT_ONCE;
    } while (at < request->head.fd_count);
    return true;
}

static void release_request(struct request *request)
{
    for (size_t i = 0; i < request->head.fd_count; i++)
        if (request->fds[i] >= 0)
            close(request->fds[i]);
    free(request->fds);
}

static bool is_missing(const struct request *request, int which)
{
    return (request->head.missing >> which & 1) != 0;
}

/* In the child. */
static int begin(void *context)
{
    const struct request *request = context;
    struct call *call = weir__call_map(request->fds[SENT_CALL]);
    for (int i = 0; i < 3; i++)
        if (is_missing(request, SENT_STANDARD + i))
            close(i);
        else
            dup2(request->fds[SENT_STANDARD + i], i);
    if (call == NULL ||
        (!is_missing(request, SENT_FOLDER) && fchdir(request->fds[SENT_FOLDER]) < 0))
        return weir_err_exit_code(WEIR_EOS);
    weir__process_keep_only(request->fds + SENT_GIVEN, call->fd_count);
    exit(weir__call_run(call, request->fds + SENT_GIVEN));
}

/* The numbers 0, 1 and 2 are for what a child has there, not for what comes through the socket. */
static void take_standard_numbers(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2);
    close(fd);
}

int weir__forkserver_main(const struct weir_child *child)
{
    struct request request;
    struct weir_shared memory;
    pid_t parent = getppid();
    int socket = child->fds[SERVER_SOCKET];
    if (weir_shared_attach_fd(&memory, child->fds[SERVER_MEMORY], NULL) < 0)
        return weir_err_exit_code(WEIR_EOS);
    take_standard_numbers();
    weir__process_ignore_signals();
    while (receive_request(socket, &request)) {
        struct weir_err answer = {0};
        if (!request.complete)
            weir_err_set(&answer, WEIR_EOS, "the forkserver has too many open files");
        else
            weir__process_fork_sibling(parent, memory.base, begin, &request, &answer);
        release_request(&request);
        if (send(socket, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
            break;
    }
    return 0;
}
