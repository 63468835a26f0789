"""py_hash.py <PATHS: the twin of samples/toolkit/hash.c."""
import hashlib
import multiprocessing
import sys


def hash_file(path):
    try:
        with open(path, "rb") as file:
            return path, hashlib.file_digest(file, "sha256").hexdigest(), None
    except OSError as error:
        return path, None, error


if __name__ == "__main__":
    paths = sys.stdin.read().splitlines()
    failed = 0
    with multiprocessing.Pool() as pool:
        for path, digest, error in pool.imap_unordered(hash_file, paths):
            if error is None:
                print(f"{digest}  {path}")
            else:
                print(f"cannot open {path}: {error.strerror}", file=sys.stderr)
                failed = 1
    sys.exit(failed)
