/*
 * cache.h - the digests of files that were read before, in a database of SQLite.
 *
 * A digest is good as long as the file's device, inode, size, mtime and ctime are the same. What is
 * added is found from then on, and kept with the next commit, whatever becomes of the process
 * afterwards. Several processes
 * may use one cache at once.
 *
 * Its own files must not be opened by who uses it: closing them would end SQLite's locks.
 */
#ifndef WEIR_HASH_CACHE_H
#define WEIR_HASH_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

enum { CACHE_ERROR = 256 };

struct cache;

/* Makes the database if it is not there. NULL, and why in error. */
struct cache *weir__cache_open(const char *path, char error[CACHE_ERROR]);
/* True for the database's own files. */
bool weir__cache_owns(const struct cache *cache, const struct stat *st);
/* A file that was written to just now may be written to again with the same times: its digest is not to
 * be kept. Those of /proc have no size, and keep their times. */
bool weir__cache_is_settled(const struct stat *st);
/* False if there is none of so many bytes, or the database cannot be read, which commit will tell. */
bool weir__cache_find(struct cache *cache, const struct stat *st, const char *algorithm,
                      unsigned char *ret_digest, size_t bytes);
/* st: as it was before and after the file was read. algorithm is borrowed until the
 * commit. */
void weir__cache_add(struct cache *cache, const struct stat *st, const char *algorithm,
                     const unsigned char *digest, size_t bytes);
/* False if something has failed since the last one. */
bool weir__cache_commit(struct cache *cache, char error[CACHE_ERROR]);
/* Accepts NULL. */
void weir__cache_close(struct cache *cache);

#endif
