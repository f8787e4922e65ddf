-- Views in the shape of FreeRADIUS 3's PostgreSQL schema, so that reports and tools written for it read Nexora.
--
-- Both are security_invoker: whoever asks sees the rows that the tables' own row-level security shows him. They are
-- for reading. tenant_id stands last, where FreeRADIUS has no column.

-- One row per session, live or closed. radacctid is derived from the session's id (a bigint that never changes);
-- acctuniqueid is that id. Columns that FreeRADIUS fills and Nexora does not keep are null.
CREATE VIEW radacct WITH (security_invoker = true) AS
SELECT hashtextextended(s.id::text, 0) & 9223372036854775807 AS radacctid,
    s.acct_session_id AS acctsessionid,
    replace(s.id::text, '-', '') AS acctuniqueid,
    s.username,
    NULL::text AS realm,
    coalesce(host(n.address)::inet, '0.0.0.0'::inet) AS nasipaddress,
    coalesce(s.nas_port_id, s.nas_port::text) AS nasportid,
    NULL::text AS nasporttype,
    s.started_at AS acctstarttime,
    s.last_update_at AS acctupdatetime,
    s.ended_at AS acctstoptime,
    NULL::bigint AS acctinterval,
    s.session_seconds AS acctsessiontime,
    'RADIUS'::text AS acctauthentic,
    NULL::text AS connectinfo_start,
    NULL::text AS connectinfo_stop,
    s.input_octets AS acctinputoctets,
    s.output_octets AS acctoutputoctets,
    s.called_station_id AS calledstationid,
    s.calling_station_id AS callingstationid,
    -- RFC 2866 §5.10 and RFC 3580 §3.1, by the names of FreeRADIUS' dictionary.
    coalesce((ARRAY[
        'User-Request', 'Lost-Carrier', 'Lost-Service', 'Idle-Timeout', 'Session-Timeout', 'Admin-Reset',
        'Admin-Reboot', 'Port-Error', 'NAS-Error', 'NAS-Request', 'NAS-Reboot', 'Port-Unneeded', 'Port-Preempted',
        'Port-Suspended', 'Service-Unavailable', 'Callback', 'User-Error', 'Host-Request', 'Supplicant-Restart',
        'Reauthentication-Failure', 'Port-Reinit', 'Port-Disabled'])[s.terminate_cause],
        s.terminate_cause::text,
        CASE s.closed_by WHEN 'nas_reboot' THEN 'NAS-Reboot' WHEN 'reaper' THEN 'Lost-Carrier'
            WHEN 'replaced' THEN 'Port-Preempted' END) AS acctterminatecause,
    NULL::text AS servicetype,
    NULL::text AS framedprotocol,
    s.framed_ipv4 AS framedipaddress,
    s.framed_ipv6_address AS framedipv6address,
    s.framed_ipv6_prefix::inet AS framedipv6prefix,
    NULL::text AS framedinterfaceid,
    s.delegated_ipv6_prefix::inet AS delegatedipv6prefix,
    s.admission_id::text AS class,
    s.tenant_id
FROM (
    SELECT tenant_id, id, nas_id, username, acct_session_id, admission_id, started_at, last_update_at, ended_at,
        closed_by, terminate_cause, session_seconds, input_octets, output_octets, nas_port, nas_port_id,
        calling_station_id, called_station_id, framed_ipv4, framed_ipv6_prefix, framed_ipv6_address,
        delegated_ipv6_prefix
    FROM sessions
    UNION ALL
    SELECT tenant_id, id, nas_id, username, acct_session_id, admission_id, started_at, last_update_at, ended_at,
        closed_by, terminate_cause, session_seconds, input_octets, output_octets, nas_port, nas_port_id,
        calling_station_id, called_station_id, framed_ipv4, framed_ipv6_prefix, framed_ipv6_address,
        delegated_ipv6_prefix
    FROM sessions_history
) s
LEFT JOIN nas_devices n ON n.tenant_id = s.tenant_id AND n.id = s.nas_id;

-- Active NASes as FreeRADIUS' clients. secret is null: it is sealed at rest and no view can open it.
CREATE VIEW nas WITH (security_invoker = true) AS
SELECT hashtextextended(id::text, 0) & 9223372036854775807 AS id,
    CASE WHEN masklen(address) = CASE family(address) WHEN 4 THEN 32 ELSE 128 END
        THEN host(address) ELSE text(address) END AS nasname,
    name AS shortname,
    CASE vendor WHEN 'cisco' THEN 'cisco' ELSE 'other' END AS type,
    NULL::integer AS ports,
    NULL::text AS secret,
    NULL::text AS server,
    NULL::text AS community,
    vendor || coalesce(', NAS-Identifier ' || identifier, '') AS description,
    tenant_id
FROM nas_devices
WHERE is_active;

GRANT SELECT ON radacct, nas TO nexora_gateway, nexora_pipeline;
