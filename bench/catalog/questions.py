"""What is asked: each question in roadloop's words and in SQL.

`ask` says how: `count` and `page` (the first 50 frames by time with all their
detections, and how many frames there are) take a filter, and for the peers a
condition on `frames f`; `sql` takes a query; `export` writes one Parquet file of
frames with their detections as a list.

The SQL is what a careful person would write for DuckDB: semi joins, no join that
is not needed. `sqlite` is given where that speaks differently.
"""

import dataclasses

EARTH_RADIUS_M = 6_371_008.8


@dataclasses.dataclass
class Question:
    name: str
    title: str
    ask: str
    roadloop: str
    sql: str
    sqlite: str = ""
    # One of those that a person waits for: the goal is 150 ms, warm.
    interactive: bool = False


def has(label: str, more: str = "") -> str:
    return f"f.frame IN (SELECT frame FROM detections WHERE label = '{label}'{more})"


def within(latitude: float, longitude: float, metres: float) -> str:
    return (
        f"2 * {EARTH_RADIUS_M} * asin(sqrt("
        f"pow(sin(radians(f.latitude - {latitude}) / 2), 2) + cos(radians({latitude})) * "
        f"cos(radians(f.latitude)) * pow(sin(radians(f.longitude - {longitude}) / 2), 2)"
        f")) <= {metres}"
    )


# The frames of each group in an order that no two engines disagree on.
SHUFFLED = "(f.frame % 1000003) * 7919 % 1000003, f.frame"

LABELS = "bicycle and bus and no traffic light"
LABELS_FILTER = 'has(bicycle) and has(bus) and not has("traffic light")'
LABELS_SQL = f"{has('bicycle')} AND {has('bus')} AND NOT {has('traffic light')}"


def sample(hour: str) -> str:
    return (
        "SELECT recording, camera, sequence FROM (SELECT f.recording, f.camera, f.sequence, "
        f"row_number() OVER (PARTITION BY f.recording, f.camera, {hour} ORDER BY {SHUFFLED}) AS place "
        f"FROM frames f WHERE {has('person')}) ranked WHERE place <= 2"
    )


def by_hour(hour: str) -> str:
    return (
        f"SELECT label, {hour} AS hour, count(*) AS boxes, count(DISTINCT frame) AS frames "
        f"FROM detections GROUP BY label, {hour}"
    )


def weather(tod: str) -> str:
    return (
        f"SELECT w.condition, {tod} AS tod, d.label, count(*) AS boxes FROM detections d "
        "JOIN frames f ON f.frame = d.frame JOIN attrs_weather w ON w.frame = d.frame "
        f"GROUP BY w.condition, {tod}, d.label"
    )


# As roadloop's `tod` has it.
TOD = "CASE WHEN f.sun_elevation > -0.833 THEN 'day' WHEN f.sun_elevation < -6 THEN 'night' ELSE 'dusk' END"


def questions(recording: str) -> list[Question]:
    """`recording` is one that the catalog has."""
    one_frame = (
        "SELECT f.image, f.brightness, d.label, d.confidence FROM frames f "
        "JOIN detections d ON d.frame = f.frame "
        f"WHERE f.recording = '{recording}' AND f.camera = 'front' AND f.sequence = 77"
    )
    return [
        Question(
            "crowd",
            "at least 5 persons at 0.8",
            "count",
            "count(person, conf >= 0.8) >= 5",
            "f.frame IN (SELECT frame FROM detections WHERE label = 'person' "
            "AND confidence >= CAST(0.8 AS REAL) AND bbox_left IS NOT NULL "
            "GROUP BY frame HAVING count(*) >= 5)",
            "f.frame IN (SELECT frame FROM detections WHERE label = 'person' "
            "AND confidence >= 0.800000011920929 AND bbox_left IS NOT NULL "
            "GROUP BY frame HAVING count(*) >= 5)",
            interactive=True,
        ),
        Question("labels", LABELS, "count", LABELS_FILTER, LABELS_SQL, interactive=True),
        Question(
            "labels-there",
            f"{LABELS}, front, at night, within 2 km, in two days",
            "count",
            f"{LABELS_FILTER} and camera = front and tod = night and within(48.12, 11.70, 2km) "
            "and time in 2026-03-03T12:00..2026-03-05T12:00",
            f"{LABELS_SQL} AND f.camera = 'front' AND f.sun_elevation < -6.0 AND "
            f"{within(48.12, 11.70, 2000)} AND f.taken_at_ns >= 1772539200000000000 "
            "AND f.taken_at_ns < 1772712000000000000",
            interactive=True,
        ),
        Question("one-label", "a bicycle", "count", "has(bicycle)", has("bicycle"), interactive=True),
        Question(
            "page-label", "a bicycle, page of 50", "page", "has(bicycle)", has("bicycle"), interactive=True
        ),
        Question("page-labels", f"{LABELS}, page of 50", "page", LABELS_FILTER, LABELS_SQL, interactive=True),
        Question(
            "count-frames",
            "how many frames",
            "sql",
            "SELECT count(*) AS n FROM frames",
            "SELECT count(*) AS n FROM frames",
            interactive=True,
        ),
        Question(
            "label-counts",
            "detections of each label",
            "sql",
            "SELECT label, count(*) AS n FROM detections GROUP BY label",
            "SELECT label, count(*) AS n FROM detections GROUP BY label",
            interactive=True,
        ),
        Question(
            "histogram",
            "label by hour: detections, distinct frames",
            "sql",
            by_hour("date_part('hour', taken_at)"),
            by_hour("date_part('hour', taken_at AT TIME ZONE 'UTC')"),
            by_hour("taken_at_ns / 3600000000000 % 24"),
        ),
        Question(
            "weather",
            "weather by time of day by label",
            "sql",
            weather("tod(f.sun_elevation)"),
            weather(TOD),
        ),
        Question("frame", "one frame by its key", "sql", one_frame, one_frame, interactive=True),
        Question(
            "sample",
            "two frames with a person of each camera and hour",
            "sql",
            sample("date_part('hour', f.taken_at)"),
            sample("date_part('hour', f.taken_at AT TIME ZONE 'UTC')"),
            sample("f.taken_at_ns / 3600000000000 % 24"),
        ),
        Question(
            "export",
            "one recording to Parquet",
            "export",
            f"recording = {recording}",
            f"f.recording = '{recording}'",
        ),
    ]
