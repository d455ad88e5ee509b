-- Revoking by the thousand, as a job.
SELECT 1;
