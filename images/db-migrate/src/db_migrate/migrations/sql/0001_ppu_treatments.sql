CREATE TABLE ppu_treatments (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_id text NOT NULL,
    treatment_data jsonb NOT NULL,
    "timestamp" timestamptz NOT NULL,
    environment text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    idempotency_key uuid NOT NULL UNIQUE
);
