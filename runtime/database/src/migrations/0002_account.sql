CREATE TABLE legs (
    tenant TEXT NOT NULL, call TEXT NOT NULL, number INTEGER NOT NULL, direction TEXT NOT NULL, address TEXT NOT NULL,
    started_at INTEGER NOT NULL, answered_at INTEGER, ended_at INTEGER, record TEXT NOT NULL,
    PRIMARY KEY (tenant, call, number),
    FOREIGN KEY (tenant, call) REFERENCES calls (tenant, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE journals (
    tenant TEXT NOT NULL, call TEXT NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (tenant, call, part),
    FOREIGN KEY (tenant, call) REFERENCES calls (tenant, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE recordings (
    tenant TEXT NOT NULL, id TEXT NOT NULL, call TEXT NOT NULL, place TEXT NOT NULL, format TEXT NOT NULL,
    started_at INTEGER NOT NULL, length_ms INTEGER NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, call) REFERENCES calls (tenant, id)
) STRICT;
CREATE INDEX recordings_by_call ON recordings (tenant, call);
CREATE INDEX recordings_by_start ON recordings (tenant, started_at, id);

CREATE TABLE numbers (
    tenant TEXT NOT NULL REFERENCES tenants (id), number TEXT NOT NULL UNIQUE, handler TEXT, created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL, PRIMARY KEY (tenant, number),
    FOREIGN KEY (tenant, handler) REFERENCES handlers (tenant, name)
) STRICT;

CREATE TABLE caller_ids (
    tenant TEXT NOT NULL REFERENCES tenants (id), number TEXT NOT NULL, code_hash BLOB NOT NULL,
    tries INTEGER NOT NULL, expires_at INTEGER NOT NULL, verified_at INTEGER, created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, number)
) STRICT;

CREATE TABLE secrets (
    tenant TEXT NOT NULL REFERENCES tenants (id), name TEXT NOT NULL, sealed BLOB NOT NULL,
    changed_at INTEGER NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (tenant, name)
) STRICT;

CREATE TABLE sinks (
    tenant TEXT NOT NULL REFERENCES tenants (id), id TEXT NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL,
    events TEXT NOT NULL, state TEXT NOT NULL, created_at INTEGER NOT NULL, revision INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;

CREATE TABLE quotas (
    tenant TEXT NOT NULL REFERENCES tenants (id), metric TEXT NOT NULL, most INTEGER NOT NULL,
    revision INTEGER NOT NULL, PRIMARY KEY (tenant, metric)
) STRICT;

CREATE TABLE usage (
    tenant TEXT NOT NULL REFERENCES tenants (id), day INTEGER NOT NULL, metric TEXT NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (tenant, day, metric)
) STRICT;

CREATE TABLE audit (
    tenant TEXT NOT NULL REFERENCES tenants (id), sequence INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
    action TEXT NOT NULL, object TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (tenant, sequence)
) STRICT;

CREATE TABLE idempotency (
    tenant TEXT NOT NULL REFERENCES tenants (id), key TEXT NOT NULL, request BLOB NOT NULL, status INTEGER,
    response BLOB, expires_at INTEGER NOT NULL, PRIMARY KEY (tenant, key)
) STRICT;
