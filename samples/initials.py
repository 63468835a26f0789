# A stage in Python: for pipelines/python-stage.yaml. Adds the initials of the customer to each order.
import csv
import sys

rows = csv.DictReader(sys.stdin)
writer = csv.DictWriter(sys.stdout, rows.fieldnames + ["initials"], lineterminator="\n")
writer.writeheader()
for row in rows:
    row["initials"] = "".join(word[0] for word in row["customer"].split() if word[0].isalpha())
    writer.writerow(row)
