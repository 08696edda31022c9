"""Labels per camera, with deltalake and polars: python with_polars.py STORE

STORE is the folder of a workspace, or what --store named: a folder or s3://bucket/prefix."""

import sys

import polars as pl

store = sys.argv[1].rstrip("/")
rows = pl.scan_delta(f"{store}/tables/detections")
# Rows without a label are markers: a stage looked at this frame.
found = rows.filter(pl.col("label") != "")
counts = found.group_by("camera", "label").agg(pl.len().alias("detections"))
print(counts.sort("camera", "label").collect().write_csv(), end="")
