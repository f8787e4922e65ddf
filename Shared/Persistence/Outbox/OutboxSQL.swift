/// The relay's statements. The row's id orders them: it is drawn while the aggregate's lock is held, so that later changes
/// of one aggregate have greater ids.
enum OutboxSQL {
    /// The first half of the two-number locks of relays; the second is the shard.
    static let lockClass: Int32 = 0x4F42

    /// Whether this connection leads the shard now, and which connection it is. From then on it finds rows by their ids alone: of a
    /// table that was empty when statistics were taken, the planner would read all pages, also those of rows that are gone. And it does
    /// not wait for the disk: a deletion that a fall of the server undoes has its events published once more, as when the relay falls.
    static let lead = """
        SELECT pg_try_advisory_lock($1, $2), pg_backend_pid(), set_config('enable_seqscan', 'off', false),
            set_config('synchronous_commit', 'off', false)
        """
    static let backend = "SELECT pg_backend_pid()"

    /// The oldest rows. What was published is deleted, so that nothing has to remember how far it came: a transaction that
    /// commits late with a smaller id is simply found.
    static let oldest = """
        SELECT id, tenant_id, type, subject, aggregate_id, data, correlation_id, traceparent, created_at
        FROM outbox ORDER BY id LIMIT $1
        """
    static let delete = "DELETE FROM outbox WHERE id = ANY ($1::uuid[])"

    /// How many rows wait, counted no further than the limit.
    static let pending = "SELECT count(*) FROM (SELECT FROM outbox LIMIT $1) AS waiting"

    /// A row that the stream will never take goes to the dead letters as a whole.
    static let bury = """
        WITH refused AS (DELETE FROM outbox WHERE id = $1 RETURNING tenant_id, id, subject, data)
        INSERT INTO dead_letters (tenant_id, stream, consumer, subject, message_id, reason, payload)
        SELECT tenant_id, $2, $3, subject || '.' || tenant_id, id::text, $4, data FROM refused
        ON CONFLICT (tenant_id, stream, consumer, message_id) DO NOTHING
        """
}
