/// The columns of `sessions` in their order, which `sessions_history` shares.
enum SessionColumns {
    static let all = [
        "tenant_id", "id", "session_key", "nas_id", "service_id", "customer_id", "username", "acct_session_id",
        "admission_id", "started_at", "last_update_at", "ended_at", "closed_by", "terminate_cause", "session_seconds",
        "input_octets", "output_octets", "input_packets", "output_packets", "raw_input_octets", "raw_output_octets",
        "nas_port", "nas_port_id", "calling_station_id", "called_station_id", "framed_ipv4", "framed_ipv6_prefix",
        "framed_ipv6_address", "delegated_ipv6_prefix", "record_count", "counter_fall", "nas_address",
    ]

    /// The columns of the table under that alias.
    static func list(of alias: String) -> String {
        all.map { "\(alias).\($0)" }.joined(separator: ", ")
    }
}
