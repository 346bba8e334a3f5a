#!/usr/bin/env bash
# Gives the silos' and the consoles' role a login each; done again, only the passwords are set.
set -euo pipefail
export PGHOST=postgres PGDATABASE=bam PGUSER=postgres PGPASSWORD="$(cat /secrets/owner.password)"
login() {
    psql -v ON_ERROR_STOP=1 -v login="$2" -v role="$3" -v password="$(cat "/secrets/$1.password")" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN IN ROLE %I', :'login', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'login') \gexec
ALTER ROLE :"login" PASSWORD :'password';
SQL
}
login silos bam_silo_login bam_silo
login console bam_console_login bam_console
