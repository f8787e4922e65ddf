REVOKE EXECUTE ON FUNCTION operator_tenant() FROM nexora_billing;
REVOKE INSERT ON outbox FROM nexora_billing;
DROP POLICY outbox_billing ON outbox;
DROP TABLE ledger_checkpoints;
DROP TABLE ledger_batches;
DROP TABLE ledger_holds;
DROP TABLE ledger_entries;
DROP TABLE ledger_transfers;
DROP TABLE ledger_keys;
DROP TABLE ledger_accounts;
DROP TABLE ledger_lanes;
DROP FUNCTION refuse_lane_backwards();
DROP FUNCTION refuse_ledger_change();
-- The role belongs to the whole server: it stays, without any right here.
REVOKE USAGE ON SCHEMA public FROM nexora_billing;
