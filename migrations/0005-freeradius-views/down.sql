DROP VIEW nas;
DROP VIEW radacct;
