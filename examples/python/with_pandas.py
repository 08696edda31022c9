"""Labels per camera, with deltalake and pandas: python with_pandas.py STORE

STORE is the folder of a workspace, or what --store named: a folder or s3://bucket/prefix."""

import sys

from deltalake import DeltaTable

store = sys.argv[1].rstrip("/")
rows = DeltaTable(f"{store}/tables/detections").to_pandas()
# Rows without a label are markers: a stage looked at this frame.
found = rows[rows["label"] != ""]
print(found.groupby(["camera", "label"]).size().rename("detections").to_csv(), end="")
