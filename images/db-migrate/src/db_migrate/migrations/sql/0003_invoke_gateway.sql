-- The invoke gateway's audit, and who may call it. Both belong to the gateway alone: what is
-- invoked and by whom is nobody else's business.
CREATE TABLE lambda_invocations (
    -- Made by the gateway, so that a batch whose commit was cut off can be sent again.
    id uuid NOT NULL,
    client_id text NOT NULL,
    function_name varchar(255) NOT NULL,
    invocation_type varchar(50) NOT NULL,
    payload text,
    alias text NOT NULL,
    version text NOT NULL,
    status_code integer NOT NULL,
    response_payload text,
    function_error text NOT NULL,
    executed_version text NOT NULL,
    request_id text NOT NULL,
    success boolean NOT NULL,
    error_message text NOT NULL,
    invoked_at timestamptz NOT NULL,
    completed_at timestamptz NOT NULL,
    PRIMARY KEY (id, invoked_at)
) PARTITION BY RANGE (invoked_at);

CREATE INDEX lambda_invocations_function ON lambda_invocations (function_name, invoked_at);

-- Whatever has no month of its own yet: an audit that is late is better than one that is refused.
-- partitions.py makes the months, and moves over what was here.
CREATE TABLE lambda_invocations_default PARTITION OF lambda_invocations DEFAULT;

CREATE TABLE gateway_clients (
    client_id text PRIMARY KEY CHECK (client_id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    -- scrypt: function_kit.passwords makes and reads them. The secret itself is nowhere.
    secret_hash text NOT NULL,
    -- The secret before, good until then: callers change over one after the other.
    previous_hash text,
    previous_until timestamptz,
    -- Functions that it may invoke begin with one of these; none is every one of the gateway's.
    prefixes text[] NOT NULL DEFAULT '{}',
    -- Requests a second, for each process of the gateway; 0 is no limit.
    rate double precision NOT NULL DEFAULT 0 CHECK (rate >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    rotated_at timestamptz,
    revoked_at timestamptz
);

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fleet_gateway') THEN
        CREATE ROLE fleet_gateway LOGIN;
    END IF;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO fleet_gateway', current_database());
END
$$;

GRANT USAGE ON SCHEMA public TO fleet_gateway;
-- It adds to the audit, and can neither read nor change what is there.
GRANT INSERT ON lambda_invocations TO fleet_gateway;
-- No DELETE: a client that was revoked stays known, and its name is not given to another.
GRANT SELECT, INSERT, UPDATE ON gateway_clients TO fleet_gateway;
