-- What each live session has, as its login, its NAS or nobody said, and what orders to change it want (COA-02, COA-06, FUP-01).
-- docs/COA.md says how the two are compared.

CREATE TABLE session_terms (
    tenant_id   uuid NOT NULL REFERENCES tenants (id),
    session_id  uuid NOT NULL,
    nas_id      uuid NOT NULL,
    -- Of the speeds and of being confined (docs/RADIUS.md, Class), as a signed number; null where nobody knows.
    digest      bigint,
    is_confined boolean NOT NULL,
    -- What the speed comes from; null where nobody knows which terms the digest means.
    source      text CHECK (source IN ('plan', 'window', 'quota', 'boost', 'garden')),
    -- Rate, guarantee and most that may pass for a while, each download and upload, in bit/s, 0 for no limit; null where nobody knows.
    speeds      bigint[] CHECK (cardinality(speeds) = 6),
    -- granted: its login said so. presumed: nothing said otherwise. changed: its NAS acknowledged it.
    evidence    text NOT NULL CHECK (evidence IN ('granted', 'presumed', 'changed')),
    since       timestamptz NOT NULL,
    -- The terms that its NAS would not give it, 0 for its end, and since when: not asked for again for a while.
    refused_digest bigint,
    refused_at  timestamptz,
    PRIMARY KEY (tenant_id, session_id),
    CHECK ((source IS NULL) = (speeds IS NULL)),
    CHECK ((refused_digest IS NULL) = (refused_at IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX session_terms_nas ON session_terms (tenant_id, nas_id);

ALTER TABLE enforcements
    -- What a change wants: the terms' digest, where the speed comes from, and the speeds as session_terms has them.
    ADD COLUMN goal_digest bigint,
    ADD COLUMN goal_source text CHECK (goal_source IN ('plan', 'window', 'quota', 'boost', 'garden')),
    ADD COLUMN goal_speeds bigint[] CHECK (cardinality(goal_speeds) = 6),
    -- The most that passed before, download and upload, where that is known.
    ADD COLUMN before_speeds bigint[] CHECK (cardinality(before_speeds) = 2),
    -- What the NAS acknowledged, or, while it waits, the only way that is left.
    ADD COLUMN way text CHECK (way IN ('change', 'disconnect')),
    -- The session's first record after that: its time and octets to and from the subscriber.
    ADD COLUMN base_at timestamptz,
    ADD COLUMN base_octets bigint[] CHECK (cardinality(base_octets) = 2),
    ADD CONSTRAINT enforcements_goal CHECK ((goal_digest IS NULL) = (goal_speeds IS NULL)),
    ADD CONSTRAINT enforcements_base CHECK ((base_at IS NULL) = (base_octets IS NULL));

ALTER TABLE session_terms ENABLE ROW LEVEL SECURITY;
ALTER TABLE session_terms FORCE ROW LEVEL SECURITY;
CREATE POLICY session_terms_gateway ON session_terms FOR SELECT TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
CREATE POLICY session_terms_whole ON session_terms FOR SELECT TO nexora_operator USING ((SELECT sees_all_tenants()));
CREATE POLICY session_terms_pipeline ON session_terms TO nexora_pipeline USING (true) WITH CHECK (true);
GRANT SELECT ON session_terms TO nexora_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON session_terms TO nexora_pipeline;
GRANT UPDATE (goal_digest, goal_source, goal_speeds, before_speeds, way, base_at, base_octets) ON enforcements TO nexora_pipeline;

-- A sweep goes through a NAS's live sessions in the order of their ids.
DROP INDEX sessions_live;
CREATE INDEX sessions_live ON sessions (tenant_id, nas_id, id) WHERE ended_at IS NULL;
