-- Refunds in parts, and what the ledger's figures and its continuous verifier look rows up by.

-- How much of a transfer was refunded is no column: the first entry of each of its refunds says it, and that is under the
-- batch's digest.
ALTER TABLE ledger_transfers DROP CONSTRAINT ledger_transfers_kind_check;
ALTER TABLE ledger_transfers ADD CONSTRAINT ledger_transfers_kind_check
    CHECK (kind IN ('post', 'hold', 'capture', 'release', 'expire', 'reverse', 'refund'));
-- The verifier goes through a lane's refunded transfers.
CREATE INDEX ledger_transfers_refunds ON ledger_transfers (lane, tenant_id, target_id) WHERE kind = 'refund';

-- Since when a clearing account is not settled: what came after its balance was zero for the last time.
CREATE INDEX ledger_entries_settled ON ledger_entries (tenant_id, account_id, sequence) WHERE balance_after = 0;
CREATE INDEX ledger_accounts_clearing ON ledger_accounts (tenant_id, id) WHERE kind = 'clearing';
-- What of an account is held, without the holds that are over.
CREATE INDEX ledger_holds_open ON ledger_holds (tenant_id, account_id) WHERE captured + released < amount;
