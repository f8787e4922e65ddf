ALTER TABLE plans DROP COLUMN bandwidth_profile_id;
DROP TABLE bandwidth_profile_windows, bandwidth_profiles;
DROP FUNCTION touch_plans_of_profiles();
