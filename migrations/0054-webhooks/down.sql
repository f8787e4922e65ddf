REVOKE ALL ON SEQUENCE directory_version FROM nexora_notifier;
DROP TABLE webhook_position, webhook_replays, webhook_attempts, webhook_deliveries, webhook_standings, webhook_endpoints;
DROP FUNCTION begin_webhook_standing();
