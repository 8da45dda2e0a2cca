-- The tag that an answer kept under an idempotency key went out with: given again, it carries the same one.
alter table idempotency_keys add column etag text;
grant update (etag) on idempotency_keys to bursar_app;
