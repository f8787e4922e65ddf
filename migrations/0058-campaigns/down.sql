DROP TABLE campaigns;
DROP FUNCTION guard_campaign();
