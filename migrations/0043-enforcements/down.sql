DROP TABLE nas_capabilities;
DROP TABLE enforcements;
DROP FUNCTION refuse_enforcement_change();
