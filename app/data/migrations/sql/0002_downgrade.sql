DROP VIEW open_socket_now;
DROP TABLE open_socket;
