-- What functions log in as. It may add treatments and read them, and change or delete none.
-- Roles belong to the server and not to the database, so it may be there already.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fleet_app') THEN
        CREATE ROLE fleet_app LOGIN;
    END IF;
END
$$;

DO $$
BEGIN
    -- TEMPORARY is for staging a bulk insert.
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO fleet_app', current_database());
END
$$;

GRANT USAGE ON SCHEMA public TO fleet_app;
GRANT SELECT, INSERT ON ppu_treatments TO fleet_app;
