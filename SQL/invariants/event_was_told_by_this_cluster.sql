-- Every event was told by a transaction that this cluster has begun. One of a dump from elsewhere is hidden from whoever reads upwards until this cluster has counted so far: `update outbox_events set xact = '0'` as a superuser.
select id, xact from outbox_events where xact >= pg_snapshot_xmax(pg_current_snapshot())
