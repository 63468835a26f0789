#include <weir/manager.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include <weir/pipe.h>

/* toolkit */
#include "toolkit/manager_datum.h"
#include "toolkit/manager_wire.h"

struct weir_manager {
    char name[MANAGER_NAME_BYTES];
    struct weir_process *server; /* NULL: another process started it */
    pid_t owner;
    int fd; /* -1: the server is gone */
    size_t message_bytes;
    struct buf request;
    void *answer;                   /* without its head */
    void *items;                    /* of the answer: struct weir_datum */
    size_t answer_room, items_room; /* bytes */
};

static const struct {
    int code;
    const char *text;
} outcomes[] = {
#define STATUS(name, code, text) {code, text},
    STATUSES(STATUS)
#undef STATUS
};

static const char *const verbs[] = {
#define REQUEST(name, text) text,
    REQUESTS(REQUEST)
#undef REQUEST
};

/* ---- requests and answers ---- */

/* Gives the connection up: what comes next on it could not be understood. */
static int give_up(struct weir_manager *manager, struct weir_err *err, int code, const char *why)
{
    if (manager->fd >= 0)
        close(manager->fd);
    manager->fd = -1;
    return weir_err_set(err, code, "manager '%s' %s", manager->name, why);
}

static int gone(struct weir_manager *manager, struct weir_err *err)
{
    return give_up(manager, err, WEIR_EUNAVAILABLE, "is gone");
}

static bool send_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return false;
        if (sent > 0) {
            bytes += sent;
            n -= (size_t)sent;
        }
    }
    return true;
}

static bool receive_all(int fd, void *into, size_t n)
{
    for (char *at = into; n > 0;) {
        ssize_t received = recv(fd, at, n, MSG_WAITALL);
        if (received == 0 || (received < 0 && errno != EINTR))
            return false;
        if (received > 0) {
            at += received;
            n -= (size_t)received;
        }
    }
    return true;
}

static bool make_room(void **memory, size_t *room, size_t bytes)
{
    if (bytes <= *room)
        return true;
    void *grown = realloc(*memory, bytes);
    if (grown == NULL)
        return false;
    *memory = grown;
    *room = bytes;
    return true;
}

static int receive_answer(struct weir_manager *manager, enum status *ret_status,
                          struct weir_datum *ret, struct weir_err *err)
{
    struct wire_head head;
    size_t count = 0;
    if (!receive_all(manager->fd, &head, sizeof(head)))
        return gone(manager, err);
    if (head.version != WIRE_VERSION || head.what >= STATUS_KINDS)
        return give_up(manager, err, WEIR_EUNAVAILABLE, "is of another version of Weir");
    if (!make_room(&manager->answer, &manager->answer_room, head.bytes))
        return give_up(manager, err, WEIR_EOS, "has an answer for which there is no memory");
    if (!receive_all(manager->fd, manager->answer, head.bytes))
        return gone(manager, err);
    const char *at = manager->answer, *end = at + head.bytes;
    if (weir__datum_check(at, end, &count) != end)
        return give_up(manager, err, WEIR_EINTERNAL, "has answered what cannot be read");
    if (!make_room(&manager->items, &manager->items_room, count * sizeof(struct weir_datum)))
        return give_up(manager, err, WEIR_EOS, "has an answer for which there is no memory");
    struct weir_datum *room = manager->items;
    weir__datum_read(at, ret, &room);
    *ret_status = head.what;
    return 0;
}

static int cannot(const struct weir_proxy *proxy, enum request_kind kind, int code, const char *why,
                  struct weir_err *err)
{
    return weir_err_set(err, code, "cannot %s '%s': %s", verbs[kind], proxy->name, why);
}

static int write_request(const struct weir_proxy *proxy, enum request_kind kind,
                         const struct weir_datum *parts, struct weir_err *err)
{
    struct weir_manager *manager = proxy->manager;
    struct buf *to = &manager->request;
    struct wire_head head = {
        .version = WIRE_VERSION, .what = (uint8_t)kind, .object = (uint8_t)proxy->kind};
    weir__buf_truncate(to, 0);
    weir__buf_add(to, &head, sizeof(head));
    for (int i = 0; i < PARTS; i++)
        if (!weir__datum_write(to, &parts[i]))
            return cannot(proxy, kind, WEIR_EUSAGE, "this is no value (weir/manager.h says why)",
                          err);
    if (to->failed) {
        weir__buf_release(to);
        return cannot(proxy, kind, WEIR_EOS, "out of memory", err);
    }
    if (to->len - sizeof(head) > manager->message_bytes)
        return cannot(proxy, kind, WEIR_EUSAGE, outcomes[STATUS_TOO_LARGE].text, err);
    head.bytes = (uint32_t)(to->len - sizeof(head));
    memcpy(to->data, &head, sizeof(head));
    return 0;
}

struct arguments {
    struct weir_datum at, value, other;
};

static int ask(const struct weir_proxy *proxy, enum request_kind kind, struct arguments arguments,
               struct weir_datum *ret, struct weir_err *err)
{
    struct weir_manager *manager = proxy->manager;
    struct weir_datum answer, parts[PARTS] = {[PART_NAME] = weir_text(proxy->name),
                                              [PART_AT] = arguments.at,
                                              [PART_VALUE] = arguments.value,
                                              [PART_OTHER] = arguments.other};
    enum status status;
    if (manager->owner != getpid())
        return cannot(proxy, kind, WEIR_EUSAGE, "the connection is another process's", err);
    if (parts[PART_NAME].size == 0 || parts[PART_NAME].size >= OBJECT_NAME_BYTES)
        return cannot(proxy, kind, WEIR_EUSAGE, "a name has 1 to 63 bytes", err);
    if (manager->fd < 0)
        return gone(manager, err);
    int code = write_request(proxy, kind, parts, err);
    if (code < 0)
        return code;
    if (!send_all(manager->fd, manager->request.data, manager->request.len))
        return gone(manager, err);
    code = receive_answer(manager, &status, &answer, err);
    if (code < 0)
        return code;
    if (outcomes[status].code < 0)
        return cannot(proxy, kind, outcomes[status].code, outcomes[status].text, err);
    if (ret != NULL && (status == STATUS_DONE || status == STATUS_DIFFERENT))
        *ret = answer;
    return outcomes[status].code;
}

/* ---- the manager ---- */

static int create(struct weir_manager **ret, const char *name, struct weir_err *err)
{
    if (*name == '\0' || strlen(name) >= MANAGER_NAME_BYTES)
        return weir_err_set(err, WEIR_EUSAGE, "'%s' cannot be the name of a manager", name);
    struct weir_manager *manager = calloc(1, sizeof(*manager));
    if (manager == NULL)
        return weir_err_set(err, WEIR_EOS, "manager '%s': out of memory", name);
    manager->owner = getpid();
    manager->fd = -1;
    weir__buf_init(&manager->request);
    memcpy(manager->name, name, strlen(name));
    *ret = manager;
    return 0;
}

static bool is_this_users(int fd)
{
    struct ucred peer;
    socklen_t bytes = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 && peer.uid == geteuid();
}

static int connect_to(struct weir_manager *manager, struct weir_err *err)
{
    struct sockaddr_un address;
    socklen_t bytes = wire_address(&address, manager->name);
    enum status status;
    struct weir_datum limit;
    manager->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (manager->fd < 0)
        return weir_err_errno(err, WEIR_EOS, "cannot connect to manager '%s'", manager->name);
    while (connect(manager->fd, (struct sockaddr *)&address, bytes) < 0)
        if (errno != EINTR)
            return weir_err_errno(err, WEIR_EUNAVAILABLE, "cannot connect to manager '%s'",
                                  manager->name);
    if (!is_this_users(manager->fd))
        return give_up(manager, err, WEIR_EUNAVAILABLE, "is another user's");
    int code = receive_answer(manager, &status, &limit, err);
    if (code < 0)
        return code;
    if (status != STATUS_DONE)
        return weir_err_set(err, outcomes[status].code, "cannot connect to manager '%s': %s",
                            manager->name, outcomes[status].text);
    manager->message_bytes = (size_t)limit.integer;
    return 0;
}

int weir_manager_connect(struct weir_manager **ret, const char *name, struct weir_err *err)
{
    struct weir_manager *manager = NULL;
    int code = create(&manager, name, err);
    if (code < 0)
        return code;
    code = connect_to(manager, err);
    if (code < 0)
        weir_manager_release(manager);
    else
        *ret = manager;
    return code;
}

/* Starts the server, and waits until it can be connected to. */
static int start_server(struct weir_manager *manager, const struct weir_manager_options *options,
                        struct weir_err *err)
{
    enum { MEMORY = 256 << 20, MESSAGE = 1 << 20, MESSAGE_LEAST = 1 << 10, MESSAGE_MOST = 1 << 30 };
    struct manager_call call = {
        .memory_bytes = options->memory_bytes > 0 ? options->memory_bytes : MEMORY,
        .message_bytes = options->message_bytes > 0 ? options->message_bytes : MESSAGE};
    struct weir_err said;
    size_t bytes;
    int ends[2];
    memcpy(call.name, manager->name, sizeof(call.name));
    if (call.message_bytes < MESSAGE_LEAST || call.message_bytes > MESSAGE_MOST)
        return weir_err_set(err, WEIR_EUSAGE, "messages of a manager have 1 KiB to 1 GiB at most");
    int code = weir_pipe_create(ends, false, err);
    if (code < 0)
        return code;
    struct weir_process_options how = {.method = options->method,
                                       .name = "weir-manager",
                                       .argument = &call,
                                       .argument_bytes = sizeof(call),
                                       .fds = &ends[1],
                                       .fd_count = 1};
    code = weir_process_start(&manager->server, weir__manager_main, &how, err);
    close(ends[1]);
    if (code == 0 && weir_pipe_receive(ends[0], &said, sizeof(said), &bytes, WEIR_FOREVER) != 0)
        code = gone(manager, err);
    else if (code == 0 && said.code < 0) {
        code = said.code;
        if (err != NULL)
            *err = said;
    }
    close(ends[0]);
    return code;
}

int weir_manager_start(struct weir_manager **ret, const struct weir_manager_options *options,
                       struct weir_err *err)
{
    static const struct weir_manager_options plain;
    struct weir_manager *manager = NULL;
    char own_name[MANAGER_NAME_BYTES];
    uint64_t random = 0;
    if (options == NULL)
        options = &plain;
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        return weir_err_errno(err, WEIR_EOS, "cannot name a manager");
    snprintf(own_name, sizeof(own_name), "%016llx", (unsigned long long)random);
    int code = create(&manager, options->name != NULL ? options->name : own_name, err);
    if (code < 0)
        return code;
    code = start_server(manager, options, err);
    if (code == 0)
        code = connect_to(manager, err);
    if (code < 0)
        weir_manager_release(manager);
    else
        *ret = manager;
    return code;
}

void weir_manager_release(struct weir_manager *manager)
{
    if (manager == NULL)
        return;
    if (manager->fd >= 0)
        close(manager->fd);
    if (manager->owner == getpid())
        weir_process_release(manager->server);
    weir__buf_release(&manager->request);
    free(manager->answer);
    free(manager->items);
    free(manager);
}

const char *weir_manager_name(const struct weir_manager *manager)
{
    return manager->name;
}

struct weir_process *weir_manager_process(const struct weir_manager *manager)
{
    return manager->server;
}

/* ---- objects ---- */

int weir_proxy_open(const struct weir_proxy *proxy, size_t limit, struct weir_err *err)
{
    struct arguments arguments = {.value = weir_integer((int64_t)limit)};
    return ask(proxy, REQUEST_OPEN, arguments, NULL, err);
}

int weir_proxy_delete(const struct weir_proxy *proxy, struct weir_err *err)
{
    return ask(proxy, REQUEST_DELETE, (struct arguments){0}, NULL, err);
}

int weir_proxy_size(const struct weir_proxy *proxy, size_t *ret, struct weir_err *err)
{
    struct weir_datum size;
    int code = ask(proxy, REQUEST_SIZE, (struct arguments){0}, &size, err);
    if (code == 0)
        *ret = (size_t)size.integer;
    return code;
}

int weir_proxy_get(const struct weir_proxy *proxy, struct weir_datum at, struct weir_datum *ret,
                   struct weir_err *err)
{
    return ask(proxy, REQUEST_GET, (struct arguments){.at = at}, ret, err);
}

int weir_proxy_set(const struct weir_proxy *proxy, struct weir_datum at, struct weir_datum value,
                   struct weir_err *err)
{
    return ask(proxy, REQUEST_SET, (struct arguments){.at = at, .value = value}, NULL, err);
}

int weir_proxy_remove(const struct weir_proxy *proxy, struct weir_datum at, struct weir_datum *ret,
                      struct weir_err *err)
{
    return ask(proxy, REQUEST_REMOVE, (struct arguments){.at = at}, ret, err);
}

int weir_proxy_compare_set(const struct weir_proxy *proxy, struct weir_datum at,
                           struct weir_datum expected, struct weir_datum value,
                           struct weir_datum *ret, struct weir_err *err)
{
    struct arguments arguments = {.at = at, .value = value, .other = expected};
    return ask(proxy, REQUEST_COMPARE_SET, arguments, ret, err);
}

int weir_proxy_add(const struct weir_proxy *proxy, struct weir_datum at, struct weir_datum number,
                   struct weir_datum *ret, struct weir_err *err)
{
    return ask(proxy, REQUEST_ADD, (struct arguments){.at = at, .value = number}, ret, err);
}

int weir_proxy_insert(const struct weir_proxy *proxy, struct weir_datum at, struct weir_datum value,
                      struct weir_err *err)
{
    return ask(proxy, REQUEST_INSERT, (struct arguments){.at = at, .value = value}, NULL, err);
}

/* ---- queues ---- */

int weir_proxy_put(const struct weir_proxy *proxy, struct weir_datum value, int64_t timeout_ms,
                   struct weir_err *err)
{
    struct arguments arguments = {.value = value, .other = weir_integer(timeout_ms)};
    return ask(proxy, REQUEST_PUT, arguments, NULL, err);
}

int weir_proxy_take(const struct weir_proxy *proxy, struct weir_datum *ret, int64_t timeout_ms,
                    struct weir_err *err)
{
    return ask(proxy, REQUEST_TAKE, (struct arguments){.other = weir_integer(timeout_ms)}, ret,
               err);
}

int weir_proxy_close(const struct weir_proxy *proxy, struct weir_err *err)
{
    return ask(proxy, REQUEST_CLOSE, (struct arguments){0}, NULL, err);
}
