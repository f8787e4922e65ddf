-- What comparing live sessions remembers: how often in a row a NAS would not give a session the same terms, so that it is asked later and
-- later; and how long a session had lasted by its NAS's own count at the record that a proof begins with (COA-06, FUP-01).

ALTER TABLE session_terms ADD COLUMN refusals smallint NOT NULL DEFAULT 0 CHECK (refusals >= 0);

-- Acct-Session-Time; null where the NAS tells none.
ALTER TABLE enforcements ADD COLUMN base_seconds bigint CHECK (base_seconds >= 0);
GRANT UPDATE (base_seconds) ON enforcements TO nexora_pipeline;
