DROP TABLE wallet_lows;
ALTER TABLE tenants DROP CONSTRAINT tenants_low_balance;
