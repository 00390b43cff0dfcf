ALTER TABLE tenants ADD COLUMN caller_id TEXT;

ALTER TABLE caller_ids ADD COLUMN call TEXT;
CREATE INDEX caller_ids_by_call ON caller_ids (tenant, call);

CREATE TABLE caller_id_askings (
    tenant TEXT NOT NULL REFERENCES tenants (id), number TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (tenant, number, at)
) STRICT;
CREATE INDEX caller_id_askings_by_number ON caller_id_askings (number, at);
