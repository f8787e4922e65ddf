/// The statements of a batch. Each takes arrays, one element per row, so that a batch of any size is the same prepared
/// statement.
///
/// Measured with Postgres 15 on 100,000 open sessions, batches of 1,000 interims, all of Postgres' processes: 18 us a record,
/// of which reading by key 5 us and ``updateCounters`` 6 us (all of them HOT: no indexed column changes, and the fill factor
/// leaves room). Two updates because the wide one costs 2 us more than the narrow one that nearly every interim needs.
/// `ON CONFLICT` for sessions costs 1 us more than UPDATE for what is known to exist.
enum AccountingSQL {
    /// The batch's plans are nested loops that probe indexes once per array element. They are made anew for each batch,
    /// with the arrays' lengths and the tables' present sizes at hand (1 us a record): a plan kept from a time when the
    /// table was empty would walk all of it for every element, until statistics come to be gathered.
    static let settings: [(String, String)] = [
        ("plan_cache_mode", "force_custom_plan"), ("enable_seqscan", "off"), ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"), ("jit", "off"),
    ]

    /// The columns in the order that ``SessionDecoding`` reads; addresses as text without a mask.
    static let columns = """
        s.tenant_id, s.id, s.session_key, s.nas_id, s.service_id, s.customer_id, s.username, s.acct_session_id,
        s.admission_id, s.started_at, s.last_update_at, s.ended_at, s.closed_by, s.terminate_cause, s.session_seconds,
        s.input_octets, s.output_octets, s.input_packets, s.output_packets, s.raw_input_octets, s.raw_output_octets,
        s.nas_port, s.nas_port_id, s.calling_station_id, s.called_station_id, host(s.framed_ipv4),
        s.framed_ipv6_prefix::text, host(s.framed_ipv6_address), s.delegated_ipv6_prefix::text, s.record_count,
        s.counter_fall::text, host(s.nas_address)
        """

    /// The columns, and after them the row's place in the table, by which ``updateCounters`` finds it again.
    static let columnsAndPlace = columns + ", s.ctid"

    /// Every row of the keys.
    static let byKey = """
        SELECT \(columnsAndPlace) FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, session_key)
        JOIN sessions s ON s.tenant_id = k.tenant_id AND s.session_key = k.session_key
        """

    /// Every row of the admissions.
    static let byAdmission = """
        SELECT \(columnsAndPlace) FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, admission_id)
        JOIN sessions s ON s.tenant_id = k.tenant_id AND s.admission_id = k.admission_id
        """

    /// The instant that the commit's events count from, by the one clock that all writers share.
    static let clock = "SELECT clock_timestamp()"

    /// What an ordinary interim changes. The row is found by its place, which no index needs to be searched for: it cannot
    /// move between the batch's reading it and this, because only the holder of its lock writes it (`SessionLocks`).
    static let updateCounters = """
        UPDATE sessions s SET last_update_at = k.last_update_at, session_seconds = k.session_seconds,
            input_octets = k.input_octets, output_octets = k.output_octets, input_packets = k.input_packets,
            output_packets = k.output_packets, raw_input_octets = k.raw_input_octets,
            raw_output_octets = k.raw_output_octets, record_count = k.record_count
        FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int8[],
            $9::int8[], $10::int8[], $11::int4[], $12::tid[])
            AS k (tenant_id, id, last_update_at, session_seconds, input_octets, output_octets, input_packets,
                output_packets, raw_input_octets, raw_output_octets, record_count, place)
        WHERE s.ctid = k.place AND s.tenant_id = k.tenant_id AND s.id = k.id
        """

    /// All that can change in a row.
    static let update = """
        UPDATE sessions s SET last_update_at = k.last_update_at, session_seconds = k.session_seconds,
            input_octets = k.input_octets, output_octets = k.output_octets, input_packets = k.input_packets,
            output_packets = k.output_packets, raw_input_octets = k.raw_input_octets,
            raw_output_octets = k.raw_output_octets, record_count = k.record_count, service_id = k.service_id,
            customer_id = k.customer_id, admission_id = k.admission_id, ended_at = k.ended_at,
            closed_by = k.closed_by, terminate_cause = k.terminate_cause, nas_port_id = k.nas_port_id,
            called_station_id = k.called_station_id, framed_ipv4 = k.framed_ipv4::inet,
            framed_ipv6_prefix = k.framed_ipv6_prefix::cidr, framed_ipv6_address = k.framed_ipv6_address::inet,
            delegated_ipv6_prefix = k.delegated_ipv6_prefix::cidr, counter_fall = k.counter_fall::int8[],
            nas_address = k.nas_address::inet
        FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int8[],
            $9::int8[], $10::int8[], $11::int4[], $12::uuid[], $13::uuid[], $14::uuid[], $15::timestamptz[], $16::text[],
            $17::int4[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::text[], $24::text[],
            $25::text[])
            AS k (tenant_id, id, last_update_at, session_seconds, input_octets, output_octets, input_packets,
                output_packets, raw_input_octets, raw_output_octets, record_count, service_id, customer_id,
                admission_id, ended_at, closed_by, terminate_cause, nas_port_id, called_station_id, framed_ipv4,
                framed_ipv6_prefix, framed_ipv6_address, delegated_ipv6_prefix, counter_fall, nas_address)
        WHERE s.tenant_id = k.tenant_id AND s.id = k.id
        """

    static let insert = """
        INSERT INTO sessions (tenant_id, id, last_update_at, session_seconds, input_octets, output_octets, input_packets,
            output_packets, raw_input_octets, raw_output_octets, record_count, service_id, customer_id, admission_id,
            ended_at, closed_by, terminate_cause, nas_port_id, called_station_id, framed_ipv4, framed_ipv6_prefix,
            framed_ipv6_address, delegated_ipv6_prefix, counter_fall, nas_address, session_key, nas_id, username,
            acct_session_id, started_at, nas_port, calling_station_id)
        SELECT k.tenant_id, k.id, k.last_update_at, k.session_seconds, k.input_octets, k.output_octets, k.input_packets,
            k.output_packets, k.raw_input_octets, k.raw_output_octets, k.record_count, k.service_id, k.customer_id,
            k.admission_id, k.ended_at, k.closed_by, k.terminate_cause, k.nas_port_id, k.called_station_id,
            k.framed_ipv4::inet, k.framed_ipv6_prefix::cidr, k.framed_ipv6_address::inet,
            k.delegated_ipv6_prefix::cidr, k.counter_fall::int8[], k.nas_address::inet, k.session_key, k.nas_id, k.username,
            k.acct_session_id, k.started_at, k.nas_port, k.calling_station_id
        FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int8[],
            $9::int8[], $10::int8[], $11::int4[], $12::uuid[], $13::uuid[], $14::uuid[], $15::timestamptz[], $16::text[],
            $17::int4[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::text[], $24::text[],
            $25::text[], $26::uuid[], $27::uuid[], $28::text[], $29::text[], $30::timestamptz[], $31::int8[], $32::text[])
            AS k (tenant_id, id, last_update_at, session_seconds, input_octets, output_octets, input_packets,
                output_packets, raw_input_octets, raw_output_octets, record_count, service_id, customer_id,
                admission_id, ended_at, closed_by, terminate_cause, nas_port_id, called_station_id, framed_ipv4,
                framed_ipv6_prefix, framed_ipv6_address, delegated_ipv6_prefix, counter_fall, nas_address, session_key,
                nas_id, username, acct_session_id, started_at, nas_port, calling_station_id)
        """

    /// What the batch adds to one day of one tenant's services; `PendingUsage` folds it into the days.
    static let addUsage = """
        INSERT INTO usage_pending (tenant_id, day, service_ids, input_octets, output_octets, sessions)
        VALUES ($1, $2, $3, $4, $5, $6)
        """

    /// Closes what a restart of its NAS ended (`NASRestart`), among rows that no record of the batch touched.
    static let restart = """
        UPDATE sessions s SET ended_at = $3, closed_by = 'nas_reboot'
        WHERE s.tenant_id = $1 AND s.nas_id = $2 AND s.ended_at IS NULL AND s.started_at < $3 AND s.last_update_at <= $4
        RETURNING \(columns)
        """

    /// The restarts of these NASes after an instant, the newest of each NAS.
    static let restarts = """
        SELECT k.tenant_id, k.nas_id, r.at FROM unnest($1::uuid[], $2::uuid[]) AS k (tenant_id, nas_id)
        CROSS JOIN LATERAL (
            SELECT at FROM nas_restarts WHERE tenant_id = k.tenant_id AND nas_id = k.nas_id AND at > $3
            ORDER BY at DESC LIMIT \(restartsKept)
        ) AS r
        """

    static let keepRestart =
        "INSERT INTO nas_restarts (tenant_id, nas_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"

    /// A NAS that restarts all the time does not fill the table.
    static let forgetRestarts = """
        DELETE FROM nas_restarts WHERE tenant_id = $1 AND nas_id = $2 AND at < (
            SELECT min(at) FROM (
                SELECT at FROM nas_restarts WHERE tenant_id = $1 AND nas_id = $2 ORDER BY at DESC LIMIT \(restartsKept)
            ) AS kept
        )
        """

    private static let restartsKept = 16
}
