DROP TABLE adjustment_requests;
DROP TABLE payments;
DROP TABLE cash_shifts;
DROP FUNCTION guard_adjustment();
DROP FUNCTION guard_shift();
DROP FUNCTION guard_payment();
DROP VIEW wallets;
