#include "toolkit/manager_store.h"

#include <search.h>
#include <stdlib.h>

/* toolkit */
#include "toolkit/manager_content.h"

struct object {
    char name[OBJECT_NAME_BYTES];
    enum weir_object_kind kind;
    struct content content;
    size_t limit; /* of a queue, 0: none */
    bool closed;
    bool deleted; /* it has no name any more, and goes when those who wait have been told */
    bool changed; /* it is in the store's list */
    TAILQ_HEAD(waiters, waiter) waiters;
    TAILQ_ENTRY(object) link;
};

struct store {
    size_t budget;
    size_t answer_bytes;
    void *objects; /* by name */
    TAILQ_HEAD(objects, object) changed;
};

/* ---- requests ---- */

bool weir__request_read(struct request *ret, const struct wire_head *head, const char *body)
{
    const char *at = body, *end = body + head->bytes;
    size_t items = 0;
    if (head->what >= REQUEST_KINDS || head->object > WEIR_QUEUE)
        return false;
    *ret = (struct request){.kind = head->what, .object = head->object};
    for (int i = 0; i < PARTS; i++) {
        const char *behind = weir__datum_check(at, end, &items);
        if (behind == NULL)
            return false;
        ret->part[i] = (struct encoded){at, (size_t)(behind - at)};
        at = behind;
    }
    struct weir_datum name;
    weir__datum_read(ret->part[PART_NAME].at, &name, NULL);
    if (at != end || name.kind != WEIR_IS_TEXT || name.size == 0 || name.size >= OBJECT_NAME_BYTES)
        return false;
    memcpy(ret->name, name.bytes, name.size);
    return true;
}

static struct weir_datum part(const struct request *request, enum request_part which)
{
    struct weir_datum datum;
    weir__datum_read(request->part[which].at, &datum, NULL);
    return datum;
}

static bool is_nothing(struct encoded datum)
{
    return *datum.at == WEIR_IS_NOTHING;
}

static const struct encoded nothing = {(const char[]){WEIR_IS_NOTHING}, 1};

int64_t weir__request_timeout_ms(const struct request *request)
{
    struct weir_datum other = part(request, PART_OTHER);
    return other.kind == WEIR_IS_INTEGER ? other.integer : 0;
}

/* ---- objects ---- */

static int compare_objects(const void *a, const void *b)
{
    return strcmp(((const struct object *)a)->name, ((const struct object *)b)->name);
}

static struct object *find_object(struct store *store, const char *name)
{
    struct object like;
    memcpy(like.name, name, sizeof(like.name));
    struct object **found = tfind(&like, &store->objects, compare_objects);
    return found == NULL ? NULL : *found;
}

static bool set_number(struct content *content, struct weir_datum number)
{
    char bytes[1 + sizeof(number.integer)] = {(char)number.kind};
    memcpy(bytes + 1, &number.integer, sizeof(number.integer));
    struct encoded value = {bytes, sizeof(bytes)};
    return content->in_row == 0 ? weir__content_insert(content, 0, value)
                                : weir__content_set(content, 0, value);
}

static void free_object(struct store *store, struct object *object)
{
    weir__content_release(&object->content);
    store->budget += sizeof(*object);
    free(object);
}

static enum status create_object(struct store *store, const struct request *request)
{
    struct weir_datum limit = part(request, PART_VALUE);
    if (limit.kind != WEIR_IS_INTEGER || limit.integer < 0 ||
        (limit.integer > 0 && request->object != WEIR_QUEUE))
        return STATUS_NOT_SO;
    struct object *object = sizeof(*object) > store->budget ? NULL : calloc(1, sizeof(*object));
    if (object == NULL)
        return STATUS_FULL;
    store->budget -= sizeof(*object);
    object->kind = request->object;
    object->limit = (size_t)limit.integer;
    memcpy(object->name, request->name, sizeof(object->name));
    TAILQ_INIT(&object->waiters);
    weir__content_init(&object->content, &store->budget);
    if ((object->kind == WEIR_COUNTER && !set_number(&object->content, weir_integer(0))) ||
        tsearch(object, &store->objects, compare_objects) == NULL) {
        free_object(store, object);
        return STATUS_FULL;
    }
    return STATUS_DONE;
}

static void mark_changed(struct store *store, struct object *object)
{
    if (!object->changed)
        TAILQ_INSERT_TAIL(&store->changed, object, link);
    object->changed = true;
}

static void mark_settled(struct store *store, struct object *object)
{
    if (object->changed)
        TAILQ_REMOVE(&store->changed, object, link);
    object->changed = false;
    if (object->deleted && TAILQ_EMPTY(&object->waiters))
        free_object(store, object);
}

static void delete_object(struct store *store, struct object *object)
{
    tdelete(object, &store->objects, compare_objects);
    object->deleted = true;
    mark_changed(store, object);
}

/* ---- places ---- */

struct place {
    bool whole;
    struct weir_datum key;
    size_t index;
    struct encoded now; /* no bytes: nothing is there */
};

static bool by_key(const struct object *object)
{
    return object->kind == WEIR_DICTIONARY || object->kind == WEIR_NAMESPACE;
}

/* From the end with -1; what is before the first is no place. */
static size_t index_of(const struct object *object, int64_t integer)
{
    return (size_t)(integer < 0 ? (int64_t)object->content.in_row + integer : integer);
}

static enum status find_place(const struct object *object, struct weir_datum at, struct place *ret)
{
    *ret = (struct place){.whole = at.kind == WEIR_IS_NOTHING, .key = at};
    if (object->kind == WEIR_QUEUE)
        return STATUS_NOT_SO;
    if (ret->whole && object->kind != WEIR_COUNTER)
        return STATUS_DONE;
    if (by_key(object)) {
        if (!weir__datum_is_key(&at) || (object->kind == WEIR_NAMESPACE && at.kind != WEIR_IS_TEXT))
            return STATUS_NO_PLACE;
        ret->now = weir__content_at_key(&object->content, &at);
        return STATUS_DONE;
    }
    if (object->kind == WEIR_LIST && at.kind == WEIR_IS_INTEGER)
        ret->index = index_of(object, at.integer);
    else if (!ret->whole)
        return STATUS_NO_PLACE;
    ret->now = weir__content_at(&object->content, ret->index);
    return STATUS_DONE;
}

/* Adds what is there. */
static enum status answer_now(const struct store *store, const struct object *object,
                              const struct place *place, struct buf *answer)
{
    if (!place->whole || object->kind == WEIR_COUNTER) {
        struct encoded now = place->now.bytes > 0 ? place->now : nothing;
        weir__buf_add(answer, now.at, now.bytes);
    } else if (DATUM_HEAD_BYTES + object->content.datum_bytes > store->answer_bytes) {
        return STATUS_TOO_LARGE;
    } else {
        weir__datum_write_head(answer, by_key(object) ? WEIR_IS_MAP : WEIR_IS_LIST,
                               object->content.count);
        weir__content_write(&object->content, answer);
    }
    return answer->failed ? STATUS_FULL : STATUS_DONE;
}

/* Fills an empty content with the items of a list, or the pairs of a map. */
static enum status fill(struct content *content, const struct object *object, struct encoded whole)
{
    struct weir_datum all, key;
    const char *at = weir__datum_read(whole.at, &all, NULL), *end = whole.at + whole.bytes;
    if (all.kind != (by_key(object) ? WEIR_IS_MAP : WEIR_IS_LIST))
        return STATUS_NOT_SO;
    for (size_t i = 0, items = 0; i < all.count; i++) {
        struct encoded name = {at, 0};
        if (by_key(object)) {
            weir__datum_read(at, &key, NULL);
            if (object->kind == WEIR_NAMESPACE && key.kind != WEIR_IS_TEXT)
                return STATUS_NO_PLACE;
            at = weir__datum_check(at, end, &items);
            name.bytes = (size_t)(at - name.at);
        }
        struct encoded value = {at, 0};
        at = weir__datum_check(at, end, &items);
        value.bytes = (size_t)(at - value.at);
        if (!(by_key(object) ? weir__content_set_key(content, name, value)
                             : weir__content_insert(content, i, value)))
            return STATUS_FULL;
    }
    return STATUS_DONE;
}

static enum status set_whole(struct store *store, struct object *object, struct encoded whole)
{
    struct content content;
    weir__content_init(&content, &store->budget);
    enum status status = is_nothing(whole) ? STATUS_DONE : fill(&content, object, whole);
    if (status == STATUS_DONE) {
        struct content old = object->content;
        object->content = content;
        content = old;
    }
    weir__content_release(&content);
    return status;
}

static enum status set_counter(struct object *object, struct encoded value)
{
    struct weir_datum number;
    weir__datum_read(value.at, &number, NULL);
    if (number.kind == WEIR_IS_NOTHING)
        number = weir_integer(0);
    if (number.kind != WEIR_IS_INTEGER && number.kind != WEIR_IS_DOUBLE)
        return STATUS_NOT_SO;
    return set_number(&object->content, number) ? STATUS_DONE : STATUS_FULL;
}

/* A value of nothing takes away what is there. */
static enum status set_place(struct store *store, struct object *object, const struct place *place,
                             struct encoded key, struct encoded value)
{
    struct content *content = &object->content;
    if (object->kind == WEIR_COUNTER)
        return set_counter(object, value);
    if (place->whole)
        return set_whole(store, object, value);
    if (by_key(object)) {
        if (!is_nothing(value))
            return weir__content_set_key(content, key, value) ? STATUS_DONE : STATUS_FULL;
        weir__content_remove_key(content, &place->key);
        return STATUS_DONE;
    }
    if (place->now.bytes == 0)
        return is_nothing(value) ? STATUS_DONE : STATUS_NO_PLACE;
    if (!is_nothing(value))
        return weir__content_set(content, place->index, value) ? STATUS_DONE : STATUS_FULL;
    weir__content_remove(content, place->index);
    return STATUS_DONE;
}

/* ---- what can be asked ---- */

static bool sum(struct weir_datum a, struct weir_datum b, struct weir_datum *ret)
{
    if (a.kind == WEIR_IS_INTEGER && b.kind == WEIR_IS_INTEGER) {
        *ret = weir_integer(0);
        return !__builtin_add_overflow(a.integer, b.integer, &ret->integer);
    }
    if ((a.kind != WEIR_IS_INTEGER && a.kind != WEIR_IS_DOUBLE) ||
        (b.kind != WEIR_IS_INTEGER && b.kind != WEIR_IS_DOUBLE))
        return false;
    *ret = weir_double((a.kind == WEIR_IS_INTEGER ? (double)a.integer : a.number) +
                       (b.kind == WEIR_IS_INTEGER ? (double)b.integer : b.number));
    return true;
}

static enum status add(struct store *store, struct object *object, const struct place *place,
                       const struct request *request, struct buf *answer)
{
    struct weir_datum now = weir_integer(0), total;
    if (place->now.bytes > 0)
        weir__datum_read(place->now.at, &now, NULL);
    else if (!by_key(object))
        return STATUS_NO_PLACE;
    if (place->whole && object->kind != WEIR_COUNTER)
        return STATUS_NO_SUM;
    if (!sum(now, part(request, PART_VALUE), &total))
        return STATUS_NO_SUM;
    size_t from = answer->len;
    weir__datum_write(answer, &total);
    if (answer->failed)
        return STATUS_FULL;
    return set_place(store, object, place, request->part[PART_AT],
                     (struct encoded){answer->data + from, answer->len - from});
}

static enum status compare_set(struct store *store, struct object *object,
                               const struct place *place, const struct request *request,
                               struct buf *answer)
{
    struct encoded expected = request->part[PART_OTHER];
    size_t from = answer->len;
    enum status status = answer_now(store, object, place, answer);
    if (status != STATUS_DONE)
        return status;
    if (answer->len - from != expected.bytes ||
        memcmp(answer->data + from, expected.at, expected.bytes) != 0)
        return STATUS_DIFFERENT;
    weir__buf_truncate(answer, from);
    return set_place(store, object, place, request->part[PART_AT], request->part[PART_VALUE]);
}

static enum status ask_places(struct store *store, struct object *object,
                              const struct request *request, struct buf *answer)
{
    struct encoded key = request->part[PART_AT], value = request->part[PART_VALUE];
    struct place place;
    enum status status = find_place(object, part(request, PART_AT), &place);
    if (status != STATUS_DONE)
        return status;
    switch (request->kind) {
    case REQUEST_GET: return answer_now(store, object, &place, answer);
    case REQUEST_SET:
        return is_nothing(value) ? STATUS_NOT_SO : set_place(store, object, &place, key, value);
    case REQUEST_REMOVE:
        status = answer_now(store, object, &place, answer);
        return status != STATUS_DONE ? status : set_place(store, object, &place, key, nothing);
    case REQUEST_ADD: return add(store, object, &place, request, answer);
    default: return compare_set(store, object, &place, request, answer);
    }
}

static enum status insert(struct object *object, const struct request *request)
{
    struct weir_datum at = part(request, PART_AT);
    struct content *content = &object->content;
    size_t index = content->in_row;
    if (object->kind != WEIR_LIST || is_nothing(request->part[PART_VALUE]))
        return STATUS_NOT_SO;
    if (at.kind == WEIR_IS_INTEGER)
        index = index_of(object, at.integer);
    if (index > content->in_row || (at.kind != WEIR_IS_INTEGER && at.kind != WEIR_IS_NOTHING))
        return STATUS_NO_PLACE;
    return weir__content_insert(content, index, request->part[PART_VALUE]) ? STATUS_DONE
                                                                           : STATUS_FULL;
}

static enum status put(struct store *store, struct object *object, const struct request *request,
                       struct object **ret_wait_at)
{
    struct content *content = &object->content;
    if (is_nothing(request->part[PART_VALUE]))
        return STATUS_NOT_SO;
    if (object->closed)
        return STATUS_CLOSED;
    if (object->limit > 0 && content->in_row >= object->limit) {
        *ret_wait_at = object;
        return STATUS_TIMED_OUT;
    }
    if (!weir__content_insert(content, content->in_row, request->part[PART_VALUE]))
        return STATUS_FULL;
    mark_changed(store, object);
    return STATUS_DONE;
}

static enum status take(struct store *store, struct object *object, struct buf *answer,
                        struct object **ret_wait_at)
{
    struct encoded first = weir__content_at(&object->content, 0);
    if (first.bytes == 0) {
        if (!object->closed)
            *ret_wait_at = object;
        return object->closed ? STATUS_CLOSED : STATUS_TIMED_OUT;
    }
    weir__buf_add(answer, first.at, first.bytes);
    if (answer->failed)
        return STATUS_FULL;
    weir__content_remove(&object->content, 0);
    mark_changed(store, object);
    return STATUS_DONE;
}

static enum status ask_queue(struct store *store, struct object *object,
                             const struct request *request, struct buf *answer,
                             struct object **ret_wait_at)
{
    if (object->kind != WEIR_QUEUE)
        return STATUS_NOT_SO;
    if (request->kind == REQUEST_PUT)
        return put(store, object, request, ret_wait_at);
    if (request->kind == REQUEST_TAKE)
        return take(store, object, answer, ret_wait_at);
    object->closed = true;
    mark_changed(store, object);
    return STATUS_DONE;
}

static enum status ask(struct store *store, const struct request *request, struct buf *answer,
                       struct object **ret_wait_at)
{
    struct object *object = find_object(store, request->name);
    if (object == NULL)
        return request->kind == REQUEST_OPEN ? create_object(store, request) : STATUS_NO_OBJECT;
    if (object->kind != request->object)
        return STATUS_OTHER_KIND;
    switch (request->kind) {
    case REQUEST_OPEN: return STATUS_DONE;
    case REQUEST_DELETE: delete_object(store, object); return STATUS_DONE;
    case REQUEST_SIZE: {
        struct weir_datum size = weir_integer((int64_t)object->content.count);
        weir__datum_write(answer, &size);
        return STATUS_DONE;
    }
    case REQUEST_INSERT: return insert(object, request);
    case REQUEST_PUT:
    case REQUEST_TAKE:
    case REQUEST_CLOSE: return ask_queue(store, object, request, answer, ret_wait_at);
    default: return ask_places(store, object, request, answer);
    }
}

enum status weir__store_ask(struct store *store, const struct request *request, struct buf *answer,
                            struct object **ret_wait_at)
{
    size_t from = answer->len;
    *ret_wait_at = NULL;
    enum status status = ask(store, request, answer, ret_wait_at);
    if (*ret_wait_at != NULL)
        mark_settled(store, *ret_wait_at);
    if (status != STATUS_DONE && status != STATUS_DIFFERENT)
        weir__buf_truncate(answer, from);
    if (answer->len == from)
        weir__buf_putc(answer, WEIR_IS_NOTHING);
    return status;
}

void weir__store_put_back(struct store *store, const struct request *take, struct encoded datum)
{
    struct object *object = find_object(store, take->name);
    if (object == NULL || object->kind != WEIR_QUEUE)
        return;
    weir__content_insert(&object->content, 0, datum);
    mark_changed(store, object);
}

/* ---- waiting ---- */

void weir__store_wait(struct waiter *waiter, struct object *at)
{
    if (waiter->at != NULL)
        return;
    waiter->at = at;
    TAILQ_INSERT_TAIL(&at->waiters, waiter, link);
}

void weir__store_wait_no_more(struct waiter *waiter)
{
    if (waiter->at != NULL)
        TAILQ_REMOVE(&waiter->at->waiters, waiter, link);
    waiter->at = NULL;
}

struct waiter *weir__store_next_to_ask(struct store *store)
{
    struct object *object;
    while ((object = TAILQ_FIRST(&store->changed)) != NULL) {
        struct waiter *first = TAILQ_FIRST(&object->waiters);
        if (first != NULL)
            return first;
        mark_settled(store, object);
    }
    return NULL;
}

/* ---- the store ---- */

struct store *weir__store_create(size_t memory_bytes, size_t answer_bytes)
{
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return NULL;
    store->budget = memory_bytes;
    store->answer_bytes = answer_bytes;
    TAILQ_INIT(&store->changed);
    return store;
}

void weir__store_release(struct store *store)
{
    while (store->objects != NULL)
        delete_object(store, *(struct object **)store->objects);
    weir__store_next_to_ask(store);
    free(store);
}
