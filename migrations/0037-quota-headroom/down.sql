REVOKE UPDATE (quota_anchor) ON services FROM nexora_billing;
DROP TABLE quota_headroom;
