DROP TABLE keyring_canary;
DROP TABLE service_credentials;
DROP TABLE services;
DROP TABLE customers;
DROP TABLE plan_advanced_settings;
DROP TABLE plans;
DROP TABLE nas_devices;
