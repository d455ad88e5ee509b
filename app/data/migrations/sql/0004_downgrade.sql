DROP FUNCTION address_or_null(text);
DROP TABLE mass_revocation;
