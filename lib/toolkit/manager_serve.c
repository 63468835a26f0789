/* manager_serve.c - the process that holds a manager's objects. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include <weir/pipe.h>

/* toolkit */
#include "toolkit/manager_store.h"

/* base */
#include "base/clock.h"

/*
 * One loop. A client has sent a part of a request, or waits at an object, or has not received all of
 * its answer yet; in none of these does anybody else wait for it, and in each it costs at most its one
 * request and one answer. What it is in is what the loop looks for at its socket: EPOLLIN, EPOLLRDHUP
 * (its end only), or EPOLLOUT.
 */
struct client {
    struct waiter waiter; /* first */
    int fd;
    uint32_t looked_for;
    uint64_t deadline_ns; /* if it waits */
    struct buf in, out;
    size_t sent;
    TAILQ_ENTRY(client) link;
};

TAILQ_HEAD(clients, client);

enum { CLIENTS_MAX = 1024, READ_BYTES = 64 * 1024, SMALL_BYTES = 4096 };

struct server {
    struct store *store;
    size_t message_bytes;
    int listener, epoll;
    struct clients clients, gone; /* those gone are freed when no event can name them any more */
    size_t count, most;
    uint64_t nearest_ns; /* nobody who waits has a deadline before */
    char scratch[READ_BYTES];
};

static void look_for(struct server *server, struct client *client, uint32_t events)
{
    if (client->looked_for == events)
        return;
    client->looked_for = events;
    struct epoll_event event = {.events = events, .data.ptr = client};
    epoll_ctl(server->epoll, EPOLL_CTL_MOD, client->fd, &event);
}

static bool has_request(const struct client *client)
{
    struct wire_head head;
    if (client->in.len < sizeof(head))
        return false;
    memcpy(&head, client->in.data, sizeof(head));
    return client->in.len == sizeof(head) + head.bytes;
}

static bool read_request(const struct client *client, struct request *ret)
{
    struct wire_head head;
    memcpy(&head, client->in.data, sizeof(head));
    return weir__request_read(ret, &head, client->in.data + sizeof(head));
}

/* ---- the end of a client ---- */

static void put_back_what_it_took(struct server *server, const struct client *client)
{
    struct request request;
    struct wire_head head;
    if (client->sent == client->out.len || !has_request(client) || !read_request(client, &request))
        return;
    memcpy(&head, client->out.data, sizeof(head));
    /* One that was begun and found no memory has no bytes. */
    if (request.kind == REQUEST_TAKE && head.what == STATUS_DONE && head.bytes > 0)
        weir__store_put_back(server->store, &request,
                             (struct encoded){client->out.data + sizeof(head), head.bytes});
}

static void cut_off(struct server *server, struct client *client)
{
    put_back_what_it_took(server, client);
    weir__store_wait_no_more(&client->waiter);
    close(client->fd);
    client->fd = -1;
    server->count--;
    TAILQ_REMOVE(&server->clients, client, link);
    TAILQ_INSERT_TAIL(&server->gone, client, link);
}

static void free_clients(struct clients *clients)
{
    struct client *client;
    while ((client = TAILQ_FIRST(clients)) != NULL) {
        TAILQ_REMOVE(clients, client, link);
        weir__buf_release(&client->in);
        weir__buf_release(&client->out);
        free(client);
    }
}

/* ---- answers ---- */

static void empty(struct buf *buf)
{
    if (buf->capacity > SMALL_BYTES)
        weir__buf_release(buf);
    weir__buf_truncate(buf, 0);
}

/* Sends as much of the answer as the client takes. */
static void send_answer(struct server *server, struct client *client)
{
    struct buf *out = &client->out;
    while (client->sent < out->len) {
        ssize_t n = send(client->fd, out->data + client->sent, out->len - client->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            client->sent += (size_t)n;
        } else if (errno == EAGAIN) {
            look_for(server, client, EPOLLOUT);
            return;
        } else if (errno != EINTR) {
            cut_off(server, client);
            return;
        }
    }
    empty(&client->in);
    empty(out);
    client->sent = 0;
    look_for(server, client, EPOLLIN);
}

static void begin_answer(struct client *client)
{
    static const struct wire_head head = {.version = WIRE_VERSION};
    weir__buf_add(&client->out, &head, sizeof(head));
}

static void end_answer(struct server *server, struct client *client, enum status status)
{
    if (client->out.failed) {
        cut_off(server, client);
        return;
    }
    struct wire_head head = {.bytes = (uint32_t)(client->out.len - sizeof(head)),
                             .version = WIRE_VERSION,
                             .what = (uint8_t)status};
    memcpy(client->out.data, &head, sizeof(head));
    send_answer(server, client);
}

static void wait_at(struct server *server, struct client *client, struct object *object,
                    int64_t timeout_ms)
{
    weir__buf_truncate(&client->out, 0);
    if (client->waiter.at != NULL) /* it has asked again, in vain */
        return;
    weir__store_wait(&client->waiter, object);
    client->deadline_ns = weir__deadline_ns(timeout_ms);
    if (client->deadline_ns < server->nearest_ns)
        server->nearest_ns = client->deadline_ns;
    look_for(server, client, EPOLLRDHUP);
}

/* Asks what the client has sent; if that has to wait, it is asked again later. */
static void ask(struct server *server, struct client *client)
{
    struct request request;
    struct object *object;
    if (!read_request(client, &request)) {
        cut_off(server, client);
        return;
    }
    begin_answer(client);
    enum status status = weir__store_ask(server->store, &request, &client->out, &object);
    int64_t timeout_ms = weir__request_timeout_ms(&request);
    if (object != NULL && timeout_ms != 0) {
        wait_at(server, client, object, timeout_ms);
        return;
    }
    weir__store_wait_no_more(&client->waiter);
    end_answer(server, client, status);
}

/* Lets those ask again for whom something has changed. */
static void settle(struct server *server)
{
    struct waiter *waiter;
    while ((waiter = weir__store_next_to_ask(server->store)) != NULL)
        ask(server, (struct client *)waiter);
}

/* ---- time ---- */

static void tell_who_waited_too_long(struct server *server)
{
    uint64_t now_ns = weir__now_ns(), nearest_ns = CLOCK_NEVER;
    struct client *client, *next;
    if (now_ns < server->nearest_ns)
        return;
    for (client = TAILQ_FIRST(&server->clients); client != NULL; client = next) {
        next = TAILQ_NEXT(client, link);
        if (client->waiter.at == NULL)
            continue;
        if (client->deadline_ns <= now_ns) {
            weir__store_wait_no_more(&client->waiter);
            begin_answer(client);
            weir__buf_putc(&client->out, WEIR_IS_NOTHING);
            end_answer(server, client, STATUS_TIMED_OUT);
        } else if (client->deadline_ns < nearest_ns) {
            nearest_ns = client->deadline_ns;
        }
    }
    server->nearest_ns = nearest_ns;
}

/* ---- events ---- */

static bool may_connect(int fd)
{
    struct ucred peer;
    socklen_t bytes = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 && peer.uid == geteuid();
}

static struct client *add_client(struct server *server, int fd)
{
    struct client *client = calloc(1, sizeof(*client));
    if (client == NULL)
        return NULL;
    client->fd = fd;
    client->looked_for = EPOLLIN;
    weir__buf_init(&client->in);
    weir__buf_init(&client->out);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        free(client);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&server->clients, client, link);
    server->count++;
    return client;
}

static void welcome(struct server *server)
{
    struct weir_datum limit = weir_integer((int64_t)server->message_bytes);
    int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        /* The system has no descriptor or no memory: not to be asked again at once. */
        if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
            poll(NULL, 0, 10);
        return;
    }
    struct client *client = add_client(server, fd);
    if (client == NULL) {
        close(fd);
        return;
    }
    enum status status = !may_connect(fd)               ? STATUS_REFUSED
                         : server->count > server->most ? STATUS_CROWDED
                                                        : STATUS_DONE;
    begin_answer(client);
    weir__datum_write(&client->out, &limit);
    end_answer(server, client, status);
    if (status != STATUS_DONE && client->fd >= 0)
        cut_off(server, client);
}

static void receive(struct server *server, struct client *client)
{
    struct wire_head head;
    ssize_t n = recv(client->fd, server->scratch, sizeof(server->scratch), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        weir__buf_add(&client->in, server->scratch, (size_t)n);
    bool good = n > 0 && !client->in.failed;
    if (good && client->in.len >= sizeof(head)) {
        memcpy(&head, client->in.data, sizeof(head));
        good = head.version == WIRE_VERSION && head.bytes <= server->message_bytes &&
               client->in.len <= sizeof(head) + head.bytes;
    }
    if (!good)
        cut_off(server, client);
    else if (has_request(client))
        ask(server, client);
}

static void look_at(struct server *server, struct client *client, uint32_t events)
{
    if (client->fd < 0)
        return;
    if (client->looked_for == EPOLLIN)
        receive(server, client);
    else if (client->looked_for == EPOLLOUT)
        send_answer(server, client);
    else if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        cut_off(server, client);
}

/* Goes on until it is killed. */
static void serve(struct server *server)
{
    struct epoll_event events[64];
    for (;;) {
        int n = epoll_wait(server->epoll, events, 64, weir__left_ms(server->nearest_ns));
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == NULL)
                welcome(server);
            else
                look_at(server, events[i].data.ptr, events[i].events);
            settle(server);
        }
        tell_who_waited_too_long(server);
        settle(server);
        free_clients(&server->gone);
    }
}

/* ---- the beginning ---- */

static int listen_at(const char *name, struct weir_err *err)
{
    struct sockaddr_un address;
    socklen_t bytes = wire_address(&address, name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, bytes) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int code = errno == EADDRINUSE
                   ? weir_err_set(err, WEIR_ECANTCREATE, "there is a manager '%s' already", name)
                   : weir_err_errno(err, WEIR_EOS, "cannot start manager '%s'", name);
    if (fd >= 0)
        close(fd);
    return code;
}

/* As many as there are descriptors for. */
static size_t clients_at_most(void)
{
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur / 2 < CLIENTS_MAX ? (size_t)limit.rlim_cur / 2 : CLIENTS_MAX;
}

static int begin(struct server *server, const struct manager_call *call, struct weir_err *err)
{
    struct epoll_event event = {.events = EPOLLIN};
    server->listener = listen_at(call->name, err);
    if (server->listener < 0)
        return server->listener;
    server->message_bytes = call->message_bytes;
    server->most = clients_at_most();
    server->nearest_ns = CLOCK_NEVER;
    server->store = weir__store_create(call->memory_bytes, call->message_bytes);
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->store == NULL || server->epoll < 0 ||
        epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &event) < 0)
        return weir_err_errno(err, WEIR_EOS, "cannot start manager '%s'", call->name);
    TAILQ_INIT(&server->clients);
    TAILQ_INIT(&server->gone);
    return 0;
}

int weir__manager_main(const struct weir_child *child)
{
    static struct server server;
    struct weir_err err = {0};
    /* These are sent to all processes of a terminal; the others may need their objects to end. */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    int code = begin(&server, child->argument, &err);
    weir_pipe_send(child->fds[0], &err, sizeof(err), WEIR_FOREVER);
    close(child->fds[0]);
    if (code == 0)
        serve(&server);
    return weir_err_exit_code(code);
}
