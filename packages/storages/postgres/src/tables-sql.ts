/** The version of the tables and functions. Schemas of another version are refused. */
export const schemaVersion = 1;

/** The longest text that a row keeps of a holder. Twice what the longest allowed holder takes. */
export const maxHolderLength = 8192;

/** What the JSON of every holder looks like, as far as it can be seen without reading it. */
export const holderPattern = '{%"ownerId":"_%"%}';

/** The greatest token and time: what a JavaScript number holds exactly. */
export const maxNumber: number = Number.MAX_SAFE_INTEGER;

/**
 * What Lockscope keeps. One row of `locks` for each key that was ever locked: who has it alone, every token that was
 * given, who came before. Those who share a lock are rows of `sharers`. Rows are updated in place (`fillfactor`), and the
 * checks keep others from writing what is not a record. Times are epoch milliseconds of the server's clock.
 */
export function tablesSql(schema: string): string {
  const storage = 'WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500)';
  return `
CREATE TABLE ${schema}.meta (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  application text NOT NULL,
  version integer NOT NULL,
  channel text NOT NULL DEFAULT 'lockscope_' || replace(gen_random_uuid()::text, '-', ''),
  floor bigint NOT NULL DEFAULT 0 CHECK (floor BETWEEN 0 AND ${maxNumber})
);
CREATE TABLE ${schema}.locks (
  key text COLLATE "C" PRIMARY KEY,
  lease_id text COLLATE "C" CHECK (lease_id <> ''),
  holder text COLLATE "C" ${holderCheck('holder')},
  token bigint,
  acquired_at bigint,
  expires_at bigint,
  last_token bigint NOT NULL CHECK (last_token BETWEEN 0 AND ${maxNumber}),
  ceiling bigint NOT NULL CHECK (ceiling BETWEEN 0 AND ${maxNumber}),
  previous text COLLATE "C",
  touched_at bigint NOT NULL,
  CHECK (CASE WHEN lease_id IS NULL
    THEN num_nonnulls(holder, token, acquired_at, expires_at) = 0
    ELSE num_nulls(holder, token, acquired_at, expires_at) = 0 AND token BETWEEN 1 AND last_token
      AND acquired_at > 0 AND expires_at BETWEEN 1 AND ${maxNumber} END)
) ${storage};
CREATE TABLE ${schema}.sharers (
  key text COLLATE "C" NOT NULL,
  lease_id text COLLATE "C" NOT NULL CHECK (lease_id <> ''),
  holder text COLLATE "C" NOT NULL ${holderCheck('holder')},
  token bigint NOT NULL CHECK (token BETWEEN 1 AND ${maxNumber}),
  acquired_at bigint NOT NULL CHECK (acquired_at > 0),
  expires_at bigint NOT NULL CHECK (expires_at BETWEEN 1 AND ${maxNumber}),
  share double precision NOT NULL CHECK (share >= 1),
  PRIMARY KEY (key, lease_id)
) ${storage};
CREATE VIEW ${schema}.holders AS
  SELECT key, lease_id, holder, token, acquired_at, expires_at, NULL::double precision AS share
  FROM ${schema}.locks WHERE lease_id IS NOT NULL
  UNION ALL
  SELECT key, lease_id, holder, token, acquired_at, expires_at, share FROM ${schema}.sharers;
CREATE TABLE ${schema}.waiters (
  key text COLLATE "C" NOT NULL,
  place bigint NOT NULL,
  lease_id text COLLATE "C" NOT NULL,
  holder text COLLATE "C" NOT NULL ${holderCheck('holder')},
  share double precision,
  since bigint NOT NULL,
  asked_at bigint NOT NULL,
  forget_at bigint NOT NULL,
  lease_ms bigint NOT NULL,
  claim_ms bigint NOT NULL,
  spare bigint NOT NULL,
  above bigint NOT NULL,
  behind text COLLATE "C",
  channel text COLLATE "C",
  listener bigint,
  PRIMARY KEY (key, place),
  UNIQUE (key, lease_id)
) ${storage};
CREATE TABLE ${schema}.forced (
  key text COLLATE "C" NOT NULL,
  lease_id text COLLATE "C" NOT NULL,
  until bigint NOT NULL,
  PRIMARY KEY (key, lease_id)
);
`;
}

function holderCheck(column: string): string {
  return `CHECK (${column} IS NULL
    OR (length(${column}) <= ${maxHolderLength} AND ${column}::json IS NOT NULL AND ${column} LIKE '${holderPattern}'))`;
}
