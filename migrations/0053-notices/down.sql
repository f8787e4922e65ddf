DROP POLICY outbox_notifier ON outbox;
DROP POLICY one_time_links_notifier_sent ON one_time_links;
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['tenants', 'customers', 'customer_contacts', 'users', 'services', 'plans', 'plan_versions',
        'subscriptions', 'bills', 'boosts', 'payments', 'devices', 'device_status', 'exports', 'one_time_links', 'quota_usage', 'plan_quotas',
        'wallet_lows', 'ledger_accounts']
    LOOP
        EXECUTE format('DROP POLICY %I ON %I', name || '_notifier', name);
        EXECUTE format('REVOKE ALL ON %I FROM nexora_notifier', name);
    END LOOP;
END
$$;
REVOKE ALL ON outbox FROM nexora_notifier;
DROP TABLE notice_attempts, notices, notice_suppressions, push_tokens, notice_preferences, notice_templates, notice_rules, notice_providers;
DROP FUNCTION guard_notice();
-- The role stays: other databases of the server may use it.
REVOKE USAGE ON SCHEMA public FROM nexora_notifier;
