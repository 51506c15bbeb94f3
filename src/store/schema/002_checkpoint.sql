-- Where the log begins, once old entries were removed: the last of them, what secrets they knew, and a MAC over it.
CREATE TABLE log_checkpoint (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    seq   INTEGER NOT NULL,
    head  BLOB    NOT NULL,
    known BLOB    NOT NULL,
    mac   BLOB    NOT NULL
);
