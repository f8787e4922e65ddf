REVOKE UPDATE (state, outcome) ON operations FROM nexora_gateway;
DROP TABLE lifecycle_steps;
DROP TABLE lifecycle_runs;
DROP FUNCTION keep_lifecycle_steps();
DROP FUNCTION refuse_lifecycle_change();
