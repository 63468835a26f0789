/*
 * part.h - the temporary file .NAME.part beside an output, which takes the output's name when the
 * run has succeeded.
 *
 * It is locked while it is being written: another run on the same output refuses, and a file that
 * nobody has locked is what a killed run left behind and is replaced. Its mode and owner are those
 * of the file that it will replace.
 */
#ifndef WEIR_FILE_PART_H
#define WEIR_FILE_PART_H

#include <sys/stat.h>

#include <weir/stage.h>

struct part {
    char *target; /* with symbolic links followed */
    char *path;   /* of the temporary file */
    int fd;       /* -1: not open */
    dev_t device;
    ino_t inode;
};

/* Makes the file for an output at `path`. 0, or a code after weir_fail: WEIR_ETEMPFAIL if another
 * run is writing it, WEIR_ECANTCREATE if it cannot be made. *part need not be initialised; release
 * it also after failure. */
int weir__part_create(struct weir_stage *stage, struct part *part, const char *path);
/* The successor of a worker that died: opens the file it left, which must be that very one, and
 * cuts it at bytes. */
int weir__part_reopen(struct weir_stage *stage, struct part *part, const char *path, dev_t device,
                      ino_t inode, uint64_t bytes);
/* Gives it its name; again if that was done already. replace: whatever has that name now. */
int weir__part_publish(struct weir_stage *stage, const struct part *part, bool replace);
/* Removes the temporary file of an output, whoever has made it, unless another run is writing it. */
int weir__part_remove(struct weir_stage *stage, const char *path);
/* Removes it. */
void weir__part_discard(const struct part *part);
void weir__part_release(struct part *part);

#endif
