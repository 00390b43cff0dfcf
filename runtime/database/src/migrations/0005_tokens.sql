ALTER TABLE keys ADD COLUMN token_key BLOB;
CREATE INDEX keys_by_id ON keys (id);
