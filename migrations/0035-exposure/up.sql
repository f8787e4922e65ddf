-- Where money and the network disagree: who paid and is kept out, and who did not pay and is online.

CREATE INDEX services_kept_out ON services (tenant_id, id) WHERE status <> 'active';
CREATE INDEX subscriptions_unpaid ON subscriptions (tenant_id, service_id) WHERE state IN ('suspended', 'paused');

-- Of a service at most one row of each kind. A service that waits for its first payment is no subscription's that is paid; one that its
-- quota keeps out is paid for and kept out rightly.
CREATE VIEW billing_exposure WITH (security_invoker = true) AS
    SELECT s.tenant_id, 'paid_offline' AS kind, s.service_id, s.customer_id, s.id AS subscription_id
    FROM services v JOIN subscriptions s ON s.tenant_id = v.tenant_id AND s.service_id = v.id
    WHERE v.status <> 'active' AND s.state IN ('active', 'grace')
    UNION ALL
    SELECT u.tenant_id, 'unpaid_online', u.service_id, u.customer_id, u.id FROM (
        SELECT s.tenant_id, s.service_id, s.customer_id, s.id FROM subscriptions s WHERE s.state IN ('suspended', 'paused')
        UNION
        SELECT s.tenant_id, s.service_id, s.customer_id, s.id
        FROM services v CROSS JOIN LATERAL (
            SELECT * FROM subscriptions n WHERE n.tenant_id = v.tenant_id AND n.service_id = v.id ORDER BY n.created_at DESC LIMIT 1) s
        WHERE v.status IN ('suspended', 'terminated') AND s.state IN ('cancelled', 'ended')
    ) u
    WHERE EXISTS (SELECT FROM sessions x WHERE x.tenant_id = u.tenant_id AND x.service_id = u.service_id AND x.ended_at IS NULL);

GRANT SELECT ON billing_exposure TO nexora_gateway, nexora_billing;
CREATE POLICY sessions_billing ON sessions FOR SELECT TO nexora_billing USING (true);
GRANT SELECT (tenant_id, service_id, ended_at) ON sessions TO nexora_billing;
