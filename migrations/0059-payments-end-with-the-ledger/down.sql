ALTER TABLE payments RESET (fillfactor);
CREATE INDEX payments_moving ON payments (tenant_id, id) WHERE status = 'processing' AND transfer_id IS NOT NULL;
CREATE INDEX adjustment_requests_moving ON adjustment_requests (tenant_id, id)
    WHERE status = 'approved' AND posted_at IS NULL AND failure IS NULL;
DROP POLICY payments_ledger ON payments;
DROP POLICY adjustment_requests_ledger ON adjustment_requests;
REVOKE UPDATE (status, failure, completed_at) ON payments FROM nexora_billing;
REVOKE UPDATE (posted_at, failure) ON adjustment_requests FROM nexora_billing;
