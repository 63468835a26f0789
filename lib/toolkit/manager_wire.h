/*
 * manager_wire.h - what a manager and its clients say to each other.
 *
 * The manager begins, with an answer that nobody asked for: whether it takes the client, and how many
 * bytes a request may have. From then on the client sends a request and waits for its answer before
 * it sends the next; one who sends anything else is cut off.
 *
 * Either is a head and so many bytes: of a request always four data (manager_datum.h), of an answer
 * one, where nothing stands for what is not needed.
 */
#ifndef WEIR_TOOLKIT_MANAGER_WIRE_H
#define WEIR_TOOLKIT_MANAGER_WIRE_H

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <weir/manager.h>

enum { WIRE_VERSION = 1, MANAGER_NAME_BYTES = 64, OBJECT_NAME_BYTES = 64 };

struct wire_head {
    uint32_t bytes; /* behind the head */
    uint8_t version;
    uint8_t what;   /* enum request_kind, or enum status */
    uint8_t object; /* (request) enum weir_object_kind */
    uint8_t zero;
};

enum request_part { PART_NAME, PART_AT, PART_VALUE, PART_OTHER, PARTS };

/* What it is, and how an error tells it. */
#define REQUESTS(X)                                                                                \
    X(OPEN, "open") /* VALUE: a queue's limit */                                                   \
    X(DELETE, "delete")                                                                            \
    X(SIZE, "tell the size of")                                                                    \
    X(GET, "read")             /* AT */                                                            \
    X(SET, "write to")         /* AT, VALUE */                                                     \
    X(REMOVE, "remove from")   /* AT */                                                            \
    X(COMPARE_SET, "write to") /* AT, VALUE, OTHER: what is expected */                            \
    X(ADD, "add to")           /* AT, VALUE */                                                     \
    X(INSERT, "insert into")   /* AT, VALUE */                                                     \
    X(PUT, "put into")         /* VALUE, OTHER: milliseconds */                                    \
    X(TAKE, "take from")       /* OTHER: milliseconds */                                           \
    X(CLOSE, "close")

enum request_kind {
#define REQUEST(name, text) REQUEST_##name,
    REQUESTS(REQUEST)
#undef REQUEST
        REQUEST_KINDS
};

/* What a client's function returns for it, and what an error says. */
#define STATUSES(X)                                                                                \
    X(DONE, 0, "")                                                                                 \
    X(DIFFERENT, WEIR_DIFFERENT, "")                                                               \
    X(TIMED_OUT, WEIR_TIMED_OUT, "")                                                               \
    X(CLOSED, WEIR_CLOSED, "")                                                                     \
    X(NO_OBJECT, WEIR_ENOINPUT, "there is no such object")                                         \
    X(OTHER_KIND, WEIR_EUSAGE, "it is an object of another kind")                                  \
    X(NOT_SO, WEIR_EUSAGE, "that cannot be done with it")                                          \
    X(NO_PLACE, WEIR_EUSAGE, "it has no such place")                                               \
    X(NO_SUM, WEIR_EUSAGE, "there is no sum: something is no number, or it would be too large")    \
    X(TOO_LARGE, WEIR_EUSAGE, "the message would be larger than it may be")                        \
    X(FULL, WEIR_EOS, "the manager holds as much as it may")                                       \
    X(CROWDED, WEIR_EUNAVAILABLE, "it has as many clients as it may have")                         \
    X(REFUSED, WEIR_EUNAVAILABLE, "it is another user's")

enum status {
#define STATUS(name, code, text) STATUS_##name,
    STATUSES(STATUS)
#undef STATUS
        STATUS_KINDS
};

/* The manager's address, which no file stands for. */
static inline socklen_t wire_address(struct sockaddr_un *ret, const char *name)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(ret->sun_path + 1, sizeof(ret->sun_path) - 1, "weir-manager-%u-%s",
                     (unsigned)geteuid(), name);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

/* What the server is told at its start. */
struct manager_call {
    char name[MANAGER_NAME_BYTES];
    size_t memory_bytes;
    size_t message_bytes;
};

/* The server. Says by a struct weir_err, through the pipe's end that it is given, whether it can be
 * connected to. */
int weir__manager_main(const struct weir_child *child);

#endif
