-- Boosts that are charged, begin and end by themselves (BST-01 to BST-07). Their table is 0033's; nothing wrote it before.

ALTER TABLE boosts
    DROP CONSTRAINT boosts_state_check,
    ADD CONSTRAINT boosts_state_check CHECK (state IN ('pending', 'approved', 'active', 'rejected', 'expired', 'cancelled')),
    -- What the ledger said when it last refused the charge.
    ADD COLUMN refusal text CHECK (length(refusal) BETWEEN 1 AND 60);

-- One at a time for each service: what ends gives back the plan's own speeds.
DROP INDEX boosts_open;
CREATE UNIQUE INDEX boosts_open ON boosts (tenant_id, service_id) WHERE state IN ('pending', 'approved', 'active');
-- Whose wallet was filled is asked again at once.
CREATE INDEX boosts_unpaid ON boosts (tenant_id, customer_id) WHERE state = 'approved';
-- Whose it is, what it is for and what it costs, stays.
CREATE TRIGGER boosts_same BEFORE UPDATE OF tenant_id, id, subscription_id, customer_id, service_id, current_plan_id, boost_plan_id,
    days, price, currency, created_at ON boosts FOR EACH ROW EXECUTE FUNCTION refuse_billing_change();
GRANT UPDATE (refusal) ON boosts TO nexora_gateway, nexora_billing;

-- The plan whose attributes a service has until that instant. Whoever decides about logins lets it be from then on by himself, so that
-- nobody is fast for longer than he paid for. The plan is named and not referred to: without it the service's own holds.
ALTER TABLE services
    ADD COLUMN boost_plan_id uuid,
    ADD COLUMN boosted_until timestamptz,
    ADD CONSTRAINT services_boost CHECK ((boost_plan_id IS NULL) = (boosted_until IS NULL));
GRANT SELECT (boost_plan_id, boosted_until), UPDATE (boost_plan_id, boosted_until) ON services TO nexora_billing;
