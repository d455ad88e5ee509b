-- Asking for support access, and telling the organization: its notices and webhooks.
SELECT 1;
