DROP TABLE conversions;
DROP FUNCTION guard_conversion();
