#!/usr/bin/env python3
"""Asks DuckDB or SQLite, and says what each answer took.

    peers.py duckdb-files|duckdb|sqlite TABLES [--database FILE] < questions.jsonl

The same lines in and out as `ask`, roadloop's example. `duckdb-files` reads the
Parquet files of the newest versions of roadloop's own tables; `duckdb` and `sqlite`
read a database made of them by `--make`.
"""

import argparse
import json
import sqlite3
import sys
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as parquet
from deltalake import DeltaTable

DETECTIONS = "SELECT * FROM detection_rows WHERE label <> ''"
# Enough for every question; what a covering index needs, it has.
INDEXES = [
    "CREATE UNIQUE INDEX frames_frame ON frames (frame)",
    "CREATE INDEX frames_key ON frames (recording, camera, sequence)",
    "CREATE INDEX frames_time ON frames (taken_at_ns)",
    "CREATE INDEX detections_label ON detections (label, frame, confidence, bbox_left, taken_at_ns)",
    "CREATE INDEX detections_frame ON detections (frame, number)",
    "CREATE UNIQUE INDEX attrs_weather_frame ON attrs_weather (frame, condition)",
]
PAGE = 50


def files(tables: Path, name: str) -> list[str]:
    """Those of the newest version."""
    return sorted(DeltaTable(str(tables / name)).file_uris())


class DuckDB:
    def __init__(self, tables: Path, database: Path | None, threads: int, memory_mb: int):
        self.connection = duckdb.connect(str(database) if database else ":memory:", read_only=bool(database))
        self.connection.execute(f"SET threads = {threads}")
        if memory_mb:
            self.connection.execute(f"SET memory_limit = '{memory_mb}MiB'")
        if not database:
            self.view("frames", files(tables, "frames"))
            self.view("detection_rows", files(tables, "detections"))
            self.view("attrs_weather", files(tables, "attrs_weather"))
            self.connection.execute(f"CREATE VIEW detections AS {DETECTIONS}")

    def view(self, name: str, paths: list[str]) -> None:
        self.connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({paths!r}, hive_partitioning = true)")

    def rows(self, query: str) -> list[tuple]:
        return self.connection.execute(query).fetchall()

    def export(self, condition: str, to: str) -> list[tuple]:
        fields = ["label", "confidence", "bbox_left", "bbox_top", "bbox_right", "bbox_bottom"]
        struct = ", ".join(f"{field}: {field}" for field in fields)
        lists = f"list({{{struct}}} ORDER BY number)"
        copied = self.connection.execute(
            f"COPY (SELECT f.*, d.found FROM frames f LEFT JOIN (SELECT frame, {lists} AS found FROM detections "
            f"WHERE frame IN (SELECT f.frame FROM frames f WHERE {condition}) GROUP BY frame) d USING (frame) "
            f"WHERE {condition} ORDER BY f.taken_at_ns) TO '{to}' (FORMAT parquet, COMPRESSION zstd)"
        )
        return copied.fetchall()


class SQLite:
    def __init__(self, database: Path):
        self.connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        self.connection.execute("PRAGMA mmap_size = 17179869184")
        self.connection.execute("PRAGMA cache_size = -262144")

    def rows(self, query: str) -> list[tuple]:
        return self.connection.execute(query).fetchall()

    def export(self, condition: str, to: str) -> list[tuple]:
        import pyarrow

        rows = self.connection.execute(
            "SELECT f.*, json_group_array(json_object('label', d.label, 'confidence', d.confidence, "
            "'left', d.bbox_left, 'top', d.bbox_top, 'right', d.bbox_right, 'bottom', d.bbox_bottom)) FILTER (WHERE d.frame IS NOT NULL) AS found "
            f"FROM frames f LEFT JOIN detections d USING (frame) WHERE {condition} GROUP BY f.frame ORDER BY f.taken_at_ns"
        )
        names = [column[0] for column in rows.description]
        columns = list(zip(*rows.fetchall()))
        parquet.write_table(pyarrow.table(dict(zip(names, map(list, columns)))), to, compression="zstd")
        return [(len(columns[0]) if columns else 0,)]


def ask(peer: DuckDB | SQLite, question: dict) -> list:
    condition = question["text"]
    match question["ask"]:
        case "count":
            return peer.rows(f"SELECT count(*) FROM frames f WHERE {condition}")
        case "page":
            total = peer.rows(f"SELECT count(*) FROM frames f WHERE {condition}")
            hits = peer.rows(
                f"SELECT f.frame, f.recording, f.camera, f.sequence, f.* FROM frames f WHERE {condition} "
                f"ORDER BY f.taken_at_ns, f.recording, f.camera, f.sequence LIMIT {PAGE}"
            )
            found = dict.fromkeys((hit[0] for hit in hits), 0)
            numbers = ", ".join(str(frame) for frame in found)
            for row in peer.rows(f"SELECT * FROM detections WHERE frame IN ({numbers or 'NULL'})"):
                found[row[0]] += 1
            return [total[0], [[*hit[1:4], found[hit[0]]] for hit in hits]]
        case "export":
            return peer.export(condition, question["to"])
        case _:
            return peer.rows(condition)


def make_duckdb(tables: Path, database: Path) -> None:
    source = DuckDB(tables, None, 2, 0)
    source.connection.execute(f"ATTACH '{database}' AS made")
    source.connection.execute("CREATE TABLE made.frames AS SELECT * FROM frames")
    # In the order of the files: DuckDB's own statistics then skip as theirs do.
    source.connection.execute("CREATE TABLE made.detections AS SELECT * FROM detections")
    source.connection.execute("CREATE TABLE made.attrs_weather AS SELECT * FROM attrs_weather")
    source.connection.execute("DETACH made")


def make_sqlite(tables: Path, database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    for name in ["frames", "detections", "attrs_weather"]:
        is_made = False
        for path in files(tables, name):
            file = parquet.ParquetFile(path)
            for batch in file.iter_batches(100_000):
                columns = [column for column in batch.schema.names if column not in ("taken_at", "stage")]
                if not is_made:
                    connection.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
                    is_made = True
                rows = zip(*(batch.column(column).to_pylist() for column in columns))
                marks = ", ".join("?" * len(columns))
                connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    connection.execute("DELETE FROM detections WHERE label = ''")
    for index in INDEXES:
        connection.execute(index)
    connection.execute("ANALYZE")
    connection.commit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=["duckdb-files", "duckdb", "sqlite"])
    parser.add_argument("tables", type=Path)
    parser.add_argument("--database", type=Path)
    parser.add_argument("--make", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory-mb", type=int, default=0)
    args = parser.parse_args()
    if args.make:
        {"duckdb": make_duckdb, "sqlite": make_sqlite}[args.peer](args.tables, args.database)
        return

    def measured(work):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = work()
        return answer, 1e3 * (time.perf_counter() - wall), 1e3 * (time.process_time() - cpu)

    def opened():
        if args.peer == "sqlite":
            return SQLite(args.database)
        return DuckDB(args.tables, args.database, args.threads, args.memory_mb)

    questions = [json.loads(line) for line in sys.stdin]
    peer, open_wall, open_cpu = measured(opened)
    for question in questions:
        rounds = [measured(lambda: ask(peer, question)) for _ in range(args.rounds)]
        print(
            json.dumps(
                {
                    "name": question["name"],
                    "answer": rounds[-1][0],
                    "wall_ms": [wall for _, wall, _ in rounds],
                    "cpu_ms": [cpu for _, _, cpu in rounds],
                    "open_wall_ms": open_wall,
                    "open_cpu_ms": open_cpu,
                },
                default=str,
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
