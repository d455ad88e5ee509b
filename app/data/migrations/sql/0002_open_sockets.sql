-- Which node holds how many sockets on which credential.
SELECT 1;
