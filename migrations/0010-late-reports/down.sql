DROP TABLE nas_restarts;
ALTER TABLE sessions_history DROP COLUMN counter_fall;
ALTER TABLE sessions DROP COLUMN counter_fall;
