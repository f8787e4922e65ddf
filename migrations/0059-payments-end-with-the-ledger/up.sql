-- Payments, and corrections by hand, end in the commit of the ledger's decision: billing-worker writes both.

GRANT UPDATE (status, failure, completed_at) ON payments TO nexora_billing;
GRANT UPDATE (posted_at, failure) ON adjustment_requests TO nexora_billing;
CREATE POLICY payments_ledger ON payments FOR UPDATE TO nexora_billing USING (true) WITH CHECK (true);
CREATE POLICY adjustment_requests_ledger ON adjustment_requests FOR UPDATE TO nexora_billing USING (true) WITH CHECK (true);

-- What was decided while the gateway that asked was gone.
UPDATE payments r SET status = CASE k.outcome WHEN 'posted' THEN 'completed' ELSE 'failed' END,
    failure = CASE k.outcome WHEN 'posted' THEN NULL ELSE k.outcome END, completed_at = clock_timestamp()
FROM ledger_keys k
WHERE r.status = 'processing' AND r.transfer_id IS NOT NULL AND k.tenant_id = r.tenant_id AND k.key = 'payment:' || r.id::text;
UPDATE adjustment_requests r SET posted_at = CASE k.outcome WHEN 'posted' THEN clock_timestamp() END,
    failure = CASE k.outcome WHEN 'posted' THEN NULL ELSE k.outcome END
FROM ledger_keys k
WHERE r.status = 'approved' AND r.posted_at IS NULL AND r.failure IS NULL AND k.tenant_id = r.tenant_id
    AND k.key = 'adjustment:' || r.id::text;

-- Nobody looks for what moves any more. Without an index of it, and with room on its page for the row as it ends, a payment's end
-- touches no index at all (HOT).
DROP INDEX payments_moving, adjustment_requests_moving;
ALTER TABLE payments SET (fillfactor = 50);
