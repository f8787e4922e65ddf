#!/bin/sh
# Runs once, when the Postgres container makes its cluster. The owner of the schema is no superuser: row-level security
# must hold for it too.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$NEXORA_DB_PASSWORD" -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
CREATE ROLE nexora LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE nexora OWNER nexora;
SQL
