/*
 * manager_store.h - the objects of a manager, and what can be asked of them.
 *
 * Nothing here waits or knows of clients: a request is answered at once, or cannot be answered yet.
 * Who asked it then waits at the object, and asks again when the object has changed.
 */
#ifndef WEIR_TOOLKIT_MANAGER_STORE_H
#define WEIR_TOOLKIT_MANAGER_STORE_H

#include <sys/queue.h>

/* toolkit */
#include "toolkit/manager_datum.h"
#include "toolkit/manager_wire.h"

struct object;
struct store;

/* Somebody who waits at an object; part of what the owner of the store has about him. */
struct waiter {
    TAILQ_ENTRY(waiter) link;
    struct object *at; /* NULL: he does not wait */
};

/* A request as it came: it points into the bytes that were received. */
struct request {
    enum request_kind kind;
    enum weir_object_kind object;
    char name[OBJECT_NAME_BYTES];
    struct encoded part[PARTS];
};

/* False: the bytes are no request. */
bool weir__request_read(struct request *ret, const struct wire_head *head, const char *body);

/* What a request that may have to wait allows. */
int64_t weir__request_timeout_ms(const struct request *request);

/* memory_bytes: what the objects may hold; answer_bytes: the largest datum in an answer. */
struct store *weir__store_create(size_t memory_bytes, size_t answer_bytes);
void weir__store_release(struct store *store);

/* Adds the answer's datum to *answer. *ret_wait_at is NULL, or, if the request cannot be answered yet,
 * the object to wait at. */
enum status weir__store_ask(struct store *store, const struct request *request, struct buf *answer,
                            struct object **ret_wait_at);

/* A message that this request took, and that reached nobody, becomes the first again. */
void weir__store_put_back(struct store *store, const struct request *take, struct encoded datum);

void weir__store_wait(struct waiter *waiter, struct object *at);
void weir__store_wait_no_more(struct waiter *waiter);

/* Who waits at an object that has changed, the longest of those there, and should ask again; NULL:
 * nobody. Before another request is asked these are to be asked, until there is none. */
struct waiter *weir__store_next_to_ask(struct store *store);

#endif
