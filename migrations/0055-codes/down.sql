DROP TABLE login_codes;
ALTER TABLE users DROP CONSTRAINT users_code_phone, DROP COLUMN code_email_at, DROP COLUMN code_phone, DROP COLUMN code_phone_at;
