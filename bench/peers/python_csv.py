"""python_csv.py w1|w2|w3 IN OUT: the works with Python's csv module, in one process.

Prices are integers of cents, so that the answer is exact; decimal.Decimal would be slower.
"""
import csv
import sys


def scaled(text):
    return int(text.replace(".", ""))


def total(row):
    cents = (int(row[5]) * scaled(row[6]) * (100 - scaled(row[7])) + 50) // 100
    return f"{cents // 100}.{cents % 100:02}"


def columns(rows):
    return ((row[0], row[2], row[9]) for row in rows)


def totals(rows):
    return ((row[0], row[3], total(row)) for row in rows if row[9] == "paid" and int(row[5]) >= 50)


WORKS = {"w2": (("id", "customer", "status"), columns), "w3": (("id", "country", "total"), totals)}


def main():
    work, source, target = sys.argv[1:4]
    with open(source, newline="", encoding="utf-8") as rows_file, \
            open(target, "w", newline="", encoding="utf-8") as out_file:
        rows = csv.reader(rows_file)
        next(rows)
        if work == "w1":
            print(sum(1 for _ in rows), file=out_file)
            return
        header, transform = WORKS[work]
        writer = csv.writer(out_file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(transform(rows))


if __name__ == "__main__":
    main()
