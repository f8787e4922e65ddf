-- Exports of whole lists into files of the object store: who asked for what, how far it came, and who is at it.

CREATE TABLE exports (
    tenant_id    uuid NOT NULL REFERENCES tenants (id),
    id           uuid NOT NULL DEFAULT uuid_v7(),
    -- Whose it is: his rights decide what stands in it, and nobody else sees it.
    user_id      uuid NOT NULL,
    -- The API key that he asked with, which bounds them.
    key_id       uuid,
    -- How far he reached when he asked: the file is made and given only as long as he reaches exactly that far.
    reach        text NOT NULL CHECK (length(reach) BETWEEN 1 AND 60),
    entity       text NOT NULL CHECK (entity ~ '^[a-z_]{1,50}$'),
    format       text NOT NULL CHECK (format IN ('csv', 'ndjson')),
    -- As the list of that entity takes them.
    filters      text[] NOT NULL DEFAULT '{}' CHECK (cardinality(filters) <= 50),
    sort         text CHECK (length(sort) <= 100),
    fields       text[] CHECK (cardinality(fields) BETWEEN 1 AND 200),
    search       text CHECK (length(search) BETWEEN 1 AND 100),
    deleted      text CHECK (length(deleted) <= 20),
    -- Whence it was asked for, and within which request: what its last entry in the audit trail says.
    source       text NOT NULL CHECK (length(source) <= 64),
    request_id   text CHECK (length(request_id) <= 128),
    state        text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'running', 'completed', 'failed', 'cancelled', 'expired')),
    rows         bigint NOT NULL DEFAULT 0 CHECK (rows >= 0),
    octets       bigint NOT NULL DEFAULT 0 CHECK (octets >= 0),
    -- How often it was begun. The file of each attempt has a name of its own, so that one that was given up for dead and comes back
    -- writes into nobody's.
    attempt      integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    -- Whoever is at it has it until then; afterwards somebody else may take it.
    leased_until timestamptz,
    -- The upload in parts that the attempt has open in the object store.
    upload_id    text CHECK (length(upload_id) <= 2000),
    failure      text CHECK (failure ~ '^[a-z_]{1,50}$'),
    created_at   timestamptz NOT NULL,
    started_at   timestamptz,
    finished_at  timestamptz,
    -- The file is removed then.
    expires_at   timestamptz,
    -- Nothing of it is left in the object store.
    cleared_at   timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    CHECK ((state IN ('pending', 'running')) = (finished_at IS NULL)),
    CHECK (state <> 'running' OR leased_until IS NOT NULL),
    CHECK ((state = 'failed') = (failure IS NOT NULL)),
    CHECK ((state IN ('completed', 'expired')) = (expires_at IS NOT NULL))
);
CREATE INDEX exports_own ON exports (tenant_id, user_id, id);
-- What waits or is under way is little, however many there were.
CREATE INDEX exports_open ON exports (tenant_id, created_at) WHERE state IN ('pending', 'running');
CREATE INDEX exports_uncleared ON exports (tenant_id, finished_at) WHERE finished_at IS NOT NULL AND cleared_at IS NULL;

ALTER TABLE exports ENABLE ROW LEVEL SECURITY;
ALTER TABLE exports FORCE ROW LEVEL SECURITY;
CREATE POLICY exports_gateway ON exports TO nexora_gateway USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
GRANT SELECT, INSERT, DELETE ON exports TO nexora_gateway;
-- What was asked for, and by whom, stays as it is.
GRANT UPDATE (state, rows, octets, attempt, leased_until, upload_id, failure, started_at, finished_at, expires_at, cleared_at)
    ON exports TO nexora_gateway;
