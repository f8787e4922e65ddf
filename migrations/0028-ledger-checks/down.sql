ALTER TABLE ledger_keys
    DROP CONSTRAINT ledger_keys_key_check,
    DROP CONSTRAINT ledger_keys_outcome_check,
    ADD CONSTRAINT ledger_keys_key_check CHECK (key ~ '^[ -~]{1,128}$'),
    ADD CONSTRAINT ledger_keys_outcome_check CHECK (outcome ~ '^[a-z_]{1,40}$');
ALTER TABLE ledger_transfers
    DROP CONSTRAINT ledger_transfers_purpose_check,
    DROP CONSTRAINT ledger_transfers_currency_check,
    ADD CONSTRAINT ledger_transfers_purpose_check CHECK (purpose ~ '^[a-z][a-z0-9_]{0,39}$'),
    ADD CONSTRAINT ledger_transfers_currency_check CHECK (currency ~ '^[A-Z]{3}$');
