-- Nothing could write to the first form of this table.
DROP TABLE sinks;
CREATE TABLE sinks (
    tenant TEXT NOT NULL REFERENCES tenants (id), id TEXT NOT NULL, kind TEXT NOT NULL, url TEXT, sealed BLOB,
    module TEXT, granted TEXT NOT NULL, handlers TEXT NOT NULL, events TEXT NOT NULL, state TEXT NOT NULL,
    created_at INTEGER NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, module) REFERENCES modules (tenant, hash)
) STRICT;
CREATE INDEX sinks_by_module ON sinks (tenant, module);

CREATE INDEX idempotency_by_end ON idempotency (expires_at);
CREATE INDEX idempotency_of_tenant_by_end ON idempotency (tenant, expires_at);
