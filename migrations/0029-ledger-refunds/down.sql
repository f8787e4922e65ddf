DROP INDEX ledger_holds_open;
DROP INDEX ledger_accounts_clearing;
DROP INDEX ledger_entries_settled;
DROP INDEX ledger_transfers_refunds;
-- Refused while there are refunds: the ledger forgets none.
ALTER TABLE ledger_transfers DROP CONSTRAINT ledger_transfers_kind_check;
ALTER TABLE ledger_transfers ADD CONSTRAINT ledger_transfers_kind_check
    CHECK (kind IN ('post', 'hold', 'capture', 'release', 'expire', 'reverse'));
