CREATE TABLE tenants (
    id TEXT PRIMARY KEY, parent TEXT REFERENCES tenants (id), name TEXT NOT NULL, state TEXT NOT NULL,
    created_at INTEGER NOT NULL, revision INTEGER NOT NULL
) STRICT;
CREATE INDEX tenants_by_parent ON tenants (parent, id);

CREATE TABLE keys (
    tenant TEXT NOT NULL REFERENCES tenants (id), id TEXT NOT NULL, hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL,
    scopes TEXT NOT NULL, expires_at INTEGER, used_day INTEGER, revoked_at INTEGER, created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL, PRIMARY KEY (tenant, id)
) STRICT;

CREATE TABLE modules (
    tenant TEXT NOT NULL REFERENCES tenants (id), hash TEXT NOT NULL, kind TEXT NOT NULL, imports TEXT NOT NULL,
    size INTEGER NOT NULL, bytes BLOB NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (tenant, hash)
) STRICT;

CREATE TABLE handlers (
    tenant TEXT NOT NULL REFERENCES tenants (id), name TEXT NOT NULL, last_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (tenant, name)
) STRICT;

CREATE TABLE versions (
    tenant TEXT NOT NULL, handler TEXT NOT NULL, number INTEGER NOT NULL, module TEXT NOT NULL, note TEXT NOT NULL,
    granted TEXT NOT NULL, held TEXT NOT NULL, created_by TEXT NOT NULL, created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL, PRIMARY KEY (tenant, handler, number),
    FOREIGN KEY (tenant, handler) REFERENCES handlers (tenant, name),
    FOREIGN KEY (tenant, module) REFERENCES modules (tenant, hash)
) STRICT;
CREATE INDEX versions_by_module ON versions (tenant, module);

CREATE TABLE rollouts (
    tenant TEXT NOT NULL, handler TEXT NOT NULL, version INTEGER NOT NULL, share INTEGER NOT NULL, previous INTEGER,
    revision INTEGER NOT NULL, PRIMARY KEY (tenant, handler),
    FOREIGN KEY (tenant, handler, version) REFERENCES versions (tenant, handler, number),
    FOREIGN KEY (tenant, handler, previous) REFERENCES versions (tenant, handler, number)
) STRICT;

CREATE TABLE routes (
    tenant TEXT NOT NULL, pattern TEXT NOT NULL, handler TEXT NOT NULL, fallbacks TEXT NOT NULL,
    created_at INTEGER NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (tenant, pattern),
    FOREIGN KEY (tenant, handler) REFERENCES handlers (tenant, name)
) STRICT;

CREATE TABLE calls (
    tenant TEXT NOT NULL REFERENCES tenants (id), id TEXT NOT NULL, parent TEXT, direction TEXT NOT NULL,
    from_address TEXT NOT NULL, to_address TEXT NOT NULL, status TEXT NOT NULL, started_at INTEGER NOT NULL,
    answered_at INTEGER, ended_at INTEGER, handler TEXT, version INTEGER, reason TEXT, record TEXT NOT NULL,
    revision INTEGER NOT NULL, PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX calls_by_start ON calls (tenant, started_at, id);

CREATE TABLE events (
    tenant TEXT NOT NULL, call TEXT NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (tenant, call, sequence),
    FOREIGN KEY (tenant, call) REFERENCES calls (tenant, id) ON DELETE CASCADE
) STRICT;
