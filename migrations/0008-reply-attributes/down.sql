ALTER TABLE tenants DROP CONSTRAINT tenants_time_zone;
DROP TABLE service_reply_attributes;
DROP TABLE nas_reply_attributes;
DROP TABLE plan_speed_windows;
DROP TABLE plan_reply_attributes;
DROP FUNCTION touch_owner();
