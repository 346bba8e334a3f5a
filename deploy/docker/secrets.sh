#!/usr/bin/env bash
# Draws the passwords of a composed cluster into /secrets, once, and writes the connection files of its silos and consoles.
set -euo pipefail
cd /secrets
umask 077
draw() { [ -s "$1.password" ] || tr -dc 'A-Za-z0-9' </dev/urandom | head -c 32 >"$1.password" || true; }
connection() { printf 'Host=postgres\nDatabase=bam\nUsername=%s\nPassword=%s\n' "$2" "$(cat "$1.password")" >"$1.conf"; }
for who in owner silos console grafana page; do draw "$who"; [ "$(wc -c <"$who.password")" -eq 32 ]; done
connection owner postgres
connection silos bam_silo_login
connection console bam_console_login
chown 1654:1654 owner.conf silos.conf console.conf page.password    # the user of the image bam
chown 472:0 grafana.password                          # Grafana's
chmod 711 /secrets
