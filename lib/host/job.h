/*
 * job.h - a job as this program holds it, and as its supervisor gets it.
 */
#ifndef WEIR_HOST_JOB_H
#define WEIR_HOST_JOB_H

#include <weir/weir.h>

/* base */
#include "base/buf.h"

struct text_pair {
    char *name, *value; /* owned */
};

struct text_pairs {
    struct text_pair *list;
    size_t count;
};

struct job_stage {
    char *id, *type;         /* owned */
    struct text_pairs input; /* name: of the input, "" for a stage's only one; value: who is read */
    struct text_pairs key, with;
};

struct job_end {
    char *id; /* of the stage; owned */
    bool is_source;
    struct weir_host_source source;
    struct weir_host_sink sink;
};

struct weir_job {
    char *name;            /* owned; of the pipeline, or of its file */
    char *text;            /* owned; of a pipeline that is built: NULL until it is asked for */
    bool built;            /* in code */
    struct text_pairs key; /* of a pipeline that is built */
    struct job_stage *stage;
    size_t stages;
    struct text_pairs var, set;
    uint32_t workers;
    struct job_end *end;
    size_t ends;
};

enum job_wish { JOB_CHECK, JOB_PLAN, JOB_RUN };

/* What a supervisor is asked for. */
struct job_request {
    enum job_wish wish;
    uint64_t timeout_ms;
    uint32_t progress_ms;
    const char *start_method; /* "": the default */
};

/* Copies a struct that the caller has made, as much of it as both sides know. WEIR_EUSAGE: it has no
 * size. */
int weir__sized_copy(void *to, size_t room, const void *from, size_t size, struct weir_err *err);

/* As canonical text. WEIR_EOS. */
int weir__job_write(const struct weir_job *job, const struct job_request *request, struct buf *to,
                    struct weir_err *err);

struct node;

/* What the supervisor reads out of it. Texts stand in the node. */
struct job_read {
    enum job_wish wish;
    uint64_t timeout_ms;
    uint32_t progress_ms, workers;
    const char *start_method, *name, *text;
    struct weir_pair *var, *set;
    size_t vars, sets;
    const struct node *ends; /* the stages that the program stands behind */
    struct node *node;
};

/* WEIR_EOS, or WEIR_EINTERNAL for a text that is not ours. */
int weir__job_read(const char *text, struct job_read *ret);
bool weir__job_stands_behind(const struct job_read *job, const char *stage);
void weir__job_read_release(struct job_read *job);

#endif
