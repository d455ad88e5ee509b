DROP TABLE answered_request;
