REVOKE SELECT (boost_plan_id, boosted_until), UPDATE (boost_plan_id, boosted_until) ON services FROM nexora_billing;
ALTER TABLE services DROP CONSTRAINT services_boost, DROP COLUMN boosted_until, DROP COLUMN boost_plan_id;
DROP TRIGGER boosts_same ON boosts;
DROP INDEX boosts_unpaid;
DROP INDEX boosts_open;
CREATE UNIQUE INDEX boosts_open ON boosts (tenant_id, subscription_id) WHERE state IN ('pending', 'approved', 'active');
UPDATE boosts SET state = 'expired' WHERE state = 'cancelled';
ALTER TABLE boosts
    DROP COLUMN refusal,
    DROP CONSTRAINT boosts_state_check,
    ADD CONSTRAINT boosts_state_check CHECK (state IN ('pending', 'approved', 'active', 'rejected', 'expired'));
