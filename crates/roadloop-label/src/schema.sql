-- Tables of labels.db. Times are nanoseconds since 1970.
--
-- What is true is in `assignments`: who holds what, who answered. How many seats of a
-- task are taken, how many tasks of a job are done: all of that follows from it, and is
-- kept by the triggers below in the same transaction, so that it is never counted.

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL COLLATE NOCASE UNIQUE,
    purpose TEXT NOT NULL,
    earlier TEXT,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    -- Tasks up to this one follow the settings of consolidation; null: all do.
    merged_up_to INTEGER,
    settings TEXT NOT NULL,
    instructions TEXT NOT NULL
) STRICT;

CREATE TABLE pictures (
    job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (job, place),
    UNIQUE (job, name)
) STRICT;

-- One row for each job.
CREATE TABLE counts (
    job INTEGER PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    -- Tasks by state, `gold` ones apart.
    gold INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0,
    in_review INTEGER NOT NULL DEFAULT 0,
    approved INTEGER NOT NULL DEFAULT 0,
    corrected INTEGER NOT NULL DEFAULT 0,
    sent_back INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    flagged INTEGER NOT NULL DEFAULT 0,
    -- Tasks with a free seat.
    open INTEGER NOT NULL DEFAULT 0,
    -- Answers: asked for, there, still to come. None of gold ones.
    wanted INTEGER NOT NULL DEFAULT 0,
    answers INTEGER NOT NULL DEFAULT 0,
    missing INTEGER NOT NULL DEFAULT 0,
    skips INTEGER NOT NULL DEFAULT 0,
    leased INTEGER NOT NULL DEFAULT 0,
    -- How often a seat came free, or a task was open again.
    freed INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What is small and changes often.
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    -- As `TaskState`; gold ones are `gold` all their life.
    state TEXT NOT NULL,
    is_flagged INTEGER NOT NULL DEFAULT 0,
    -- A reviewer sees what comes of it, whatever the rule is.
    was_sent_back INTEGER NOT NULL DEFAULT 0,
    -- Seats: how many there are, and how many are held, answered or sent back.
    wanted INTEGER NOT NULL,
    taken INTEGER NOT NULL DEFAULT 0,
    answers INTEGER NOT NULL DEFAULT 0,
    skips INTEGER NOT NULL DEFAULT 0,
    -- Which time of the job's it was that a seat came free here.
    freed INTEGER,
    revision INTEGER NOT NULL DEFAULT 1,
    changed_at INTEGER NOT NULL,
    agreement REAL,
    boxes INTEGER,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    recording TEXT,
    camera TEXT,
    sequence INTEGER,
    is_open INTEGER NOT NULL GENERATED ALWAYS AS (state = 'waiting' AND taken < wanted) VIRTUAL,
    missing INTEGER NOT NULL GENERATED ALWAYS AS
        (CASE WHEN state IN ('waiting', 'sent_back') THEN max(wanted - answers, 0) ELSE 0 END) VIRTUAL,
    UNIQUE (job, number)
) STRICT;
CREATE INDEX tasks_open ON tasks (job, number) WHERE state = 'waiting' AND taken < wanted;
CREATE INDEX tasks_freed ON tasks (job, freed)
    WHERE freed IS NOT NULL AND state = 'waiting' AND taken < wanted;
CREATE INDEX tasks_in_state ON tasks (job, state, number);
CREATE INDEX tasks_flagged ON tasks (job, number) WHERE is_flagged = 1;
CREATE INDEX tasks_worst ON tasks (job, ifnull(agreement, 2.0), number, state);
CREATE INDEX tasks_of_frames ON tasks (job, recording, camera, sequence) WHERE sequence IS NOT NULL;

-- What is large and hardly changes.
CREATE TABLE contents (
    task INTEGER PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    source TEXT NOT NULL,
    image_key TEXT,
    line TEXT,
    initial TEXT NOT NULL,
    gold TEXT,
    given TEXT,
    decision TEXT,
    outcome TEXT
) STRICT;

CREATE TABLE workers (
    job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    worker TEXT NOT NULL,
    -- How far they have come: in numbers, in times that a seat came free, in gold ones.
    up_to INTEGER NOT NULL DEFAULT 0,
    freed_up_to INTEGER NOT NULL DEFAULT 0,
    gold_up_to INTEGER NOT NULL DEFAULT 0,
    -- How many tasks since the last gold one.
    since_gold INTEGER NOT NULL DEFAULT 0,
    -- Of the open tasks, those that this worker has had.
    had_open INTEGER NOT NULL DEFAULT 0,
    answers INTEGER NOT NULL DEFAULT 0,
    gold_answers INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    -- Sent back to them, and theirs to do.
    returned INTEGER NOT NULL DEFAULT 0,
    -- How often that happened.
    expired INTEGER NOT NULL DEFAULT 0,
    sent_back INTEGER NOT NULL DEFAULT 0,
    answered_at INTEGER,
    PRIMARY KEY (job, worker)
) STRICT, WITHOUT ROWID;

CREATE TABLE assignments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    task INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    worker TEXT NOT NULL,
    is_gold INTEGER NOT NULL,
    -- As `AssignmentState`; made as `released`, then leased.
    state TEXT NOT NULL,
    -- Sent back, and not answered again: nobody else gets this seat.
    is_returned INTEGER NOT NULL DEFAULT 0,
    leased_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    submitted_at INTEGER,
    seconds REAL NOT NULL DEFAULT 0,
    boxes INTEGER NOT NULL DEFAULT 0,
    -- Against the other answers, or against the truth of a gold one; null: alone.
    score REAL,
    revision INTEGER NOT NULL DEFAULT 0,
    has_seat INTEGER NOT NULL GENERATED ALWAYS AS
        (state IN ('leased', 'submitted', 'sent_back')) VIRTUAL,
    is_had INTEGER NOT NULL GENERATED ALWAYS AS (state NOT IN ('expired', 'released')) VIRTUAL,
    draft TEXT,
    answer TEXT,
    UNIQUE (task, worker)
) STRICT;
CREATE INDEX assignments_leased ON assignments (job, worker) WHERE state = 'leased';
CREATE INDEX assignments_due ON assignments (lease_until) WHERE state = 'leased';
CREATE INDEX assignments_sent_back ON assignments (job, worker) WHERE state = 'sent_back';
CREATE INDEX assignments_latest ON assignments (job, submitted_at, seconds)
    WHERE state = 'submitted';
CREATE INDEX assignments_of_worker ON assignments (job, worker, is_gold, seconds, boxes, score)
    WHERE state = 'submitted';

CREATE TABLE notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    -- Whose answer it is about, where it is about one.
    assignment INTEGER REFERENCES assignments (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX notes_of ON notes (task);
CREATE INDEX notes_about ON notes (assignment) WHERE assignment IS NOT NULL;

CREATE TRIGGER task_made AFTER INSERT ON tasks BEGIN
    UPDATE counts SET
        gold = gold + (new.state = 'gold'),
        waiting = waiting + (new.state = 'waiting'),
        done = done + (new.state = 'done'),
        open = open + new.is_open,
        wanted = wanted + new.wanted,
        missing = missing + new.missing
    WHERE job = new.job;
END;

CREATE TRIGGER task_changed AFTER UPDATE OF state, is_flagged, taken, answers, skips ON tasks BEGIN
    UPDATE counts SET
        waiting = waiting + (new.state = 'waiting') - (old.state = 'waiting'),
        done = done + (new.state = 'done') - (old.state = 'done'),
        in_review = in_review + (new.state = 'in_review') - (old.state = 'in_review'),
        approved = approved + (new.state = 'approved') - (old.state = 'approved'),
        corrected = corrected + (new.state = 'corrected') - (old.state = 'corrected'),
        sent_back = sent_back + (new.state = 'sent_back') - (old.state = 'sent_back'),
        failed = failed + (new.state = 'failed') - (old.state = 'failed'),
        flagged = flagged + new.is_flagged - old.is_flagged,
        open = open + new.is_open - old.is_open,
        missing = missing + new.missing - old.missing,
        answers = answers + iif(new.state = 'gold', 0, new.answers - old.answers),
        skips = skips + iif(new.state = 'gold', 0, new.skips - old.skips)
    WHERE job = new.job;
END;

CREATE TRIGGER task_opened_or_filled AFTER UPDATE OF state, taken ON tasks
WHEN new.is_open <> old.is_open BEGIN
    UPDATE workers SET had_open = had_open + new.is_open - old.is_open
    WHERE job = new.job
        AND worker IN (SELECT worker FROM assignments WHERE task = new.id AND is_had = 1);
END;

-- Workers who went past it while it was not open find it among the seats that came free.
CREATE TRIGGER task_opened AFTER UPDATE OF state, taken ON tasks
WHEN new.is_open > old.is_open BEGIN
    UPDATE counts SET freed = freed + 1 WHERE job = new.job;
    UPDATE tasks SET freed = (SELECT freed FROM counts WHERE job = new.job) WHERE id = new.id;
END;

CREATE TRIGGER assignment_changed AFTER UPDATE OF state, is_returned ON assignments BEGIN
    UPDATE workers SET
        had_open = had_open
            + (new.is_had - old.is_had) * (SELECT is_open FROM tasks WHERE id = new.task),
        answers = answers + iif(new.is_gold, 0,
            (new.state = 'submitted') - (old.state = 'submitted')),
        gold_answers = gold_answers + iif(new.is_gold,
            (new.state = 'submitted') - (old.state = 'submitted'), 0),
        skipped = skipped + (new.state = 'skipped') - (old.state = 'skipped'),
        returned = returned + new.is_returned - old.is_returned,
        sent_back = sent_back + (new.is_returned > old.is_returned)
    WHERE job = new.job AND worker = new.worker;
    UPDATE counts SET
        leased = leased + (new.state = 'leased') - (old.state = 'leased'),
        freed = freed + (new.has_seat < old.has_seat)
    WHERE job = new.job;
    UPDATE tasks SET
        taken = taken + new.has_seat - old.has_seat,
        answers = answers + (new.state = 'submitted') - (old.state = 'submitted'),
        skips = skips + (new.state = 'skipped') - (old.state = 'skipped'),
        freed = iif(new.has_seat < old.has_seat,
            (SELECT freed FROM counts WHERE job = new.job), freed)
    WHERE id = new.task;
END;
