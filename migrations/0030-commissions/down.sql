DROP INDEX ledger_entries_recorded;
DROP FUNCTION commission_limit(uuid, uuid, timestamptz);
DROP FUNCTION commission_chains(uuid[], timestamptz);
DROP FUNCTION commission_rate(uuid, timestamptz);
DROP TABLE payout_requests;
DROP FUNCTION check_payout_order();
DROP TABLE commission_rates;
