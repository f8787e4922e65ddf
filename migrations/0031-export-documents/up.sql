-- Exports as spreadsheets and PDF beside CSV and lines of JSON.

ALTER TABLE exports DROP CONSTRAINT exports_format_check;
ALTER TABLE exports ADD CONSTRAINT exports_format_check CHECK (format IN ('csv', 'ndjson', 'xlsx', 'pdf'));
