-- Only for docker-compose.yml: the demo's two roles get the demo's password, and the owner may make its schemas.
alter role bursar_owner password 'demo';
alter role bursar_app password 'demo';
grant create on database bursar to bursar_owner;
alter schema public owner to bursar_owner;
