-- What one caller may take of the server.

-- Requests a minute on each server. Null: as many as every key.
alter table identity.api_keys add column rate_limit integer check (rate_limit between 1 and 1000000);
grant update (rate_limit) on identity.api_keys to bursar_app;
