/*
 * receipt.h - what a run did, and has done so far.
 */
#ifndef WEIR_RECEIPT_H
#define WEIR_RECEIPT_H

#include <weir/json_write.h>

#define WEIR_VERSION "0.1.0"
/* That of the library, which may be another than the header's. Static. */
WEIR_PUBLIC const char *weir_version(void);

/* What has left a stage by one of its ports. */
struct weir_port_stats {
    const char *name;
    uint64_t out;
};

enum { WEIR_PORTS_MOST = 16 };

/* What one stage has done, as the user named it (inner stages added up). in = used + dropped +
 * rejected + failed + quarantined. Shares are of the time that its workers were alive, in percent.
 */
struct weir_stage_stats {
    const char *id;
    const char *type;
    bool source, sink;
    bool quarantine; /* where records go that killed their workers; last, if there are any */
    uint32_t workers;
    uint64_t in, used, dropped, null_dropped, rejected, failed, quarantined;
    uint64_t out;                                 /* in all */
    struct weir_port_stats port[WEIR_PORTS_MOST]; /* what of it has left by ports that are read */
    size_t ports;
    uint64_t bytes;       /* sources: read; sinks: written */
    uint64_t bytes_total; /* sources: to be read; 0: unknown */
    uint64_t slow_bytes;  /* sources: of what was read, what went the slow way */
    const char *slow_way; /* "through libcsv"; NULL if the type has none */
    uint32_t busy_percent, wait_in_percent, wait_out_percent;
    uint32_t queue_percent; /* how full its input rings are */
    const char *published;  /* sinks: the path, once it is published */
};

/* What a run has done, so far or in all. */
struct weir_receipt {
    const char *name;   /* the pipeline's */
    const char *run_id; /* four hexadecimal digits or more */
                        /* Zeroed: the file as it stands. */
    uint64_t elapsed_ns;
    uint32_t processes;
    uint32_t restarts;     /* workers replaced */
    uint64_t memory_bound; /* bytes, as planned */
    uint64_t
        memory_used; /* bytes, the most that was seen: the segment once, and each process's own */
    const struct weir_stage_stats
        *stage; /* in the order of the file; implicit reject files after them */
    size_t stages;
    bool finished; /* false in progress reports */
    bool balanced; /* every record is accounted for */
    bool published;
    bool ended_early;  /* a limit was reached, or a reader of standard output went away */
    int signal;        /* that stopped the run; 0: none */
    int exit_code;     /* what a program should exit with (section "Exit codes" of pipeline(1)) */
    char verdict[256]; /* why it is not 0: "21 records rejected (see bad.csv; max_rejected would
                          allow them)" */
};

/* Its i-th stage, NULL behind the last: what a program uses that is not compiled anew with each
 * version of the library. */
WEIR_PUBLIC const struct weir_stage_stats *weir_receipt_stage(const struct weir_receipt *receipt,
                                                              size_t i);
WEIR_PUBLIC void weir_receipt_free(struct weir_receipt *receipt);

/* As JSON, on one line; err (NULL: none) becomes its member "error". To be freed; NULL when memory
 * ran out. */
WEIR_PUBLIC char *weir_receipt_json(const struct weir_receipt *receipt, const struct weir_err *err);
/* Its members, for who writes an object that has others beside them. */
WEIR_PUBLIC void weir_receipt_members(struct weir_json_writer *json,
                                      const struct weir_receipt *receipt,
                                      const struct weir_err *err);
/* The members of an error's object. */
WEIR_PUBLIC void weir_err_members(struct weir_json_writer *json, const struct weir_err *err);

#endif
/* What one stage has done, as the user named it (inner stages added up). in = used + dropped +
 * rejected + failed + quarantined. Shares are of the time that its workers were alive, in percent.
 */
