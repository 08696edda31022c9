#!/usr/bin/env python3
"""The catalog's queries beside DuckDB and SQLite, on the same data and threads.

    python3 bench/catalog/run.py DIR --ask target/release/examples/ask

DIR is what the example `fleet` made. Every question goes to each engine in a
process of its own, one after the other: cold (a fresh process, files in the
system's cache) and warm (again in that process; the least of the rounds, which other
work on the machine disturbs least). All answers must be equal. Prints tables for
docs/benchmarks.md.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as parquet
from deltalake import DeltaTable

from questions import Question, questions

PEERS = Path(__file__).with_name("peers.py")
ENGINES = ["roadloop", "duckdb-files", "duckdb", "sqlite"]
TITLES = {
    "roadloop": "roadloop",
    "duckdb-files": "DuckDB, same files",
    "duckdb": "DuckDB, own tables",
    "sqlite": "SQLite, indexes",
}


class Bench:
    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.tables = args.dir / "tables"
        self.scratch = Path(tempfile.mkdtemp(prefix="ask-", dir=args.dir))

    def database(self, engine: str) -> Path:
        return self.args.dir / f"peer.{engine}"

    def make_databases(self) -> None:
        for engine in self.args.engines:
            if engine in ("duckdb", "sqlite") and not self.database(engine).exists():
                made = self.database(engine).with_suffix(".part")
                made.unlink(missing_ok=True)
                command = [sys.executable, PEERS, engine, self.tables, "--database", made, "--make"]
                start = time.perf_counter()
                subprocess.run(command, check=True)
                made.rename(self.database(engine))
                size = self.database(engine).stat().st_size / 1e6
                print(f"{engine}: made in {time.perf_counter() - start:.0f} s, {size:.0f} MB", file=sys.stderr)

    def command(self, engine: str, rounds: int) -> list:
        limits = ["--rounds", rounds, "--threads", self.args.threads]
        if self.args.memory_mb:
            limits += ["--memory-mb", self.args.memory_mb]
        if engine == "roadloop":
            return [self.args.ask, self.args.dir, *limits]
        database = [] if engine == "duckdb-files" else ["--database", self.database(engine)]
        return [sys.executable, PEERS, engine, self.tables, *database, *limits]

    def put(self, engine: str, question: Question, rounds: int) -> dict:
        """One process; what it took as a whole is in the answer."""
        text = question.sql
        if engine == "roadloop":
            text = question.roadloop
        elif engine == "sqlite" and question.sqlite:
            text = question.sqlite
        to = str(self.scratch / f"{question.name}-{engine}.parquet")
        line = json.dumps({"name": question.name, "ask": question.ask, "text": text, "to": to})
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in self.command(engine, rounds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        process.stdin.write(line)
        process.stdin.close()
        out, error = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = 1e3 * (time.perf_counter() - start)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0 or not out:
            print(f"{question.name} {engine}: {error[-600:]}", file=sys.stderr)
            return {"failed": f"exit code {process.returncode}"}
        answer = json.loads(out)
        answer["process_wall_ms"] = wall
        answer["process_cpu_ms"] = 1e3 * (usage.ru_utime + usage.ru_stime)
        answer["peak_mib"] = usage.ru_maxrss / 1024
        if question.ask == "export":
            answer["answer"] = exported(to)
            os.unlink(to)
        return answer

    def measure(self, engine: str, question: Question) -> dict:
        cold = self.put(engine, question, 1)
        warm = self.put(engine, question, 1 + self.args.rounds)
        for answer in (cold, warm):
            if "failed" in answer:
                return answer
        if engine == "roadloop":
            cold_wall, cold_cpu = cold["process_wall_ms"], cold["process_cpu_ms"]
        else:
            # Without the start of Python and its imports.
            cold_wall = cold["open_wall_ms"] + cold["wall_ms"][0]
            cold_cpu = cold["open_cpu_ms"] + cold["cpu_ms"][0]
        return {
            "cold_wall": cold_wall,
            "cold_cpu": cold_cpu,
            "warm_wall": min(warm["wall_ms"][1:]),
            "warm_cpu": min(warm["cpu_ms"][1:]),
            "peak_mib": warm["peak_mib"],
            "answer": canonical(warm["answer"]),
        }


def exported(path: str) -> list:
    """What must be the same of any export."""
    table = parquet.read_table(path)
    lists = table.column(table.num_columns - 1).to_pylist()
    lengths = [len(json.loads(found) if isinstance(found, str) else found or []) for found in lists]
    return [[table.num_rows, sum(lengths), sum(table.column("sequence").to_pylist())]]


def canonical(answer: list) -> list:
    def plain(value):
        if isinstance(value, list):
            return [plain(item) for item in value]
        if isinstance(value, float):
            return float(f"{value:.6g}")
        return value

    return sorted((plain(row) for row in answer), key=json.dumps)


def milliseconds(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def table(results: dict, asked: list[Question], engines: list[str], kind: str) -> list[str]:
    lines = [
        f"| {kind}: CPU / wall, ms | " + " | ".join(TITLES[engine] for engine in engines) + " | CPU to DuckDB's on the files |",
        "| --- |" + " --- |" * (len(engines) + 1),
    ]
    for question in asked:
        cells = []
        for engine in engines:
            result = results[question.name].get(engine, {"failed": "–"})
            if "failed" in result:
                cells.append(result["failed"])
                continue
            cpu, wall = result[f"{kind}_cpu"], result[f"{kind}_wall"]
            cells.append(f"{milliseconds(cpu)} / {milliseconds(wall)}")
        own, peer = (results[question.name].get(engine, {}) for engine in ENGINES[:2])
        ratio = "–"
        if f"{kind}_cpu" in own and f"{kind}_cpu" in peer:
            ratio = f"{own[f'{kind}_cpu'] / peer[f'{kind}_cpu']:.2f}x"
        lines.append(f"| {question.title} | " + " | ".join(cells) + f" | {ratio} |")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dir", type=Path)
    parser.add_argument("--ask", type=Path, required=True)
    parser.add_argument("--engines", type=lambda text: text.split(","), default=ENGINES)
    parser.add_argument("--only", type=lambda text: text.split(","))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory-mb", type=int, default=0)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()

    bench = Bench(args)
    bench.make_databases()
    first = sorted(DeltaTable(str(bench.tables / "frames")).file_uris())[0]
    recording = parquet.ParquetFile(first).read_row_group(0, ["recording"]).column(0)[0].as_py()
    asked = [question for question in questions(recording) if not args.only or question.name in args.only]
    results, wrong = {}, []
    for question in asked:
        results[question.name] = {}
        for engine in args.engines:
            result = bench.measure(engine, question)
            results[question.name][engine] = result
            shown = {key: round(value, 1) for key, value in result.items() if isinstance(value, float)}
            print(question.name, engine, shown or result, file=sys.stderr, flush=True)
        answers = {json.dumps(result["answer"]) for result in results[question.name].values() if "answer" in result}
        if len(answers) > 1:
            wrong.append(question.name)
            print(f"{question.name}: the answers differ", *(answer[:400] for answer in answers), sep="\n", file=sys.stderr)
    bench.scratch.rmdir()
    print("\n".join(table(results, asked, args.engines, "warm")), end="\n\n")
    print("\n".join(table(results, asked, args.engines, "cold")), end="\n\n")
    for engine in args.engines:
        peaks = [result[engine]["peak_mib"] for result in results.values() if "peak_mib" in result[engine]]
        if peaks:
            print(f"{TITLES[engine]}: {max(peaks):.0f} MiB at most")
    if args.json:
        for answers in results.values():
            for result in answers.values():
                result.pop("answer", None)
        args.json.write_text(json.dumps(results, indent=1))
    failed = [name for name, answers in results.items() if any("failed" in result for result in answers.values())]
    if wrong or failed:
        print(f"different answers: {wrong or 'none'}; failed: {failed or 'none'}", file=sys.stderr)
    return 1 if wrong or failed else 0


if __name__ == "__main__":
    sys.exit(main())
