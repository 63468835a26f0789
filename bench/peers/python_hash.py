"""python_hash.py FOLDER PROCESSES: multiprocessing.Pool and hashlib, in chunks that suit small files."""
import hashlib
import multiprocessing
import os
import sys


def digest(path):
    made = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            made.update(piece)
    return path, made.hexdigest()


if __name__ == "__main__":
    files = [os.path.join(top, name) for top, _, names in os.walk(sys.argv[1]) for name in names]
    chunk = max(1, min(100, len(files) // (16 * int(sys.argv[2]))))
    with multiprocessing.Pool(int(sys.argv[2])) as pool:
        for path, text in pool.imap_unordered(digest, files, chunk):
            print(text, path, sep="  ")
