-- A revocation carries its trace.
SELECT 1;
