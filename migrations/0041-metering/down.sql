DROP TRIGGER payments_switch_plan ON payments;
DROP FUNCTION switch_metered_plan();
DROP TABLE metered_alerts;
DROP TABLE metered_storage_daily;
DROP TABLE project_usage;
DROP TABLE metered_projects;
DROP TABLE metered_plans;
