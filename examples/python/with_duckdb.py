"""Labels per camera, with DuckDB: python with_duckdb.py FOLDER

DuckDB's own delta extension is downloaded when it is first used. Where that cannot be
done, deltalake says which files the newest version of a table has, and DuckDB reads
those. Never read all Parquet files of a table's folder: some are of older versions."""

import sys

import duckdb
from deltalake import DeltaTable

store = sys.argv[1].rstrip("/")
files = DeltaTable(f"{store}/tables/detections").file_uris()
# Rows without a label are markers: a stage looked at this frame.
counts = duckdb.execute(
    """SELECT camera, label, count(*) AS detections FROM read_parquet(?)
       WHERE label <> '' GROUP BY camera, label ORDER BY camera, label""",
    [files],
)
print("camera,label,detections")
for row in counts.fetchall():
    print(*row, sep=",")
