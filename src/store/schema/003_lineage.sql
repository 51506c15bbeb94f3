-- Which write-ahead log the state was written to, and on what that log was begun: a log is played into no other database.
ALTER TABLE state ADD COLUMN wal BLOB;
ALTER TABLE state ADD COLUMN base TEXT;
UPDATE state SET wal = randomblob(16);
