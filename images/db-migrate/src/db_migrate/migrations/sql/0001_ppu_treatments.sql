-- Treatments, each once: the id is made of what a treatment says, or of its sender's idempotency
-- key, so that the primary key itself refuses a second copy. insert-ppu-data/treatment.py makes it.
CREATE TABLE ppu_treatments (
    id uuid PRIMARY KEY,
    patient_id text NOT NULL,
    treatment_data jsonb NOT NULL,
    "timestamp" timestamptz NOT NULL,
    environment text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- A patient's treatments in the order of time.
CREATE INDEX ppu_treatments_patient ON ppu_treatments (patient_id, "timestamp");
