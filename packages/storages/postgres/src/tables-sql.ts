/** The version of the tables and functions. Schemas of another version are refused. */
export const schemaVersion = 2;

/** The longest text that a row keeps of a holder. Twice what the longest allowed holder takes. */
export const maxHolderLength = 8192;

/** What the JSON of every holder looks like, as far as it can be seen without reading it. */
export const holderPattern = '{%"ownerId":"_%"%}';

/** The greatest token and time: what a JavaScript number holds exactly. */
export const maxNumber: number = Number.MAX_SAFE_INTEGER;

/**
 * What Lockscope keeps. One row of `locks` for each key that was ever locked: who has it alone, every token that was
 * given, who came before. Those who share a lock are rows of `sharers`, and then `sharing` is true. Rows are updated in
 * place (`fillfactor`). Times are epoch milliseconds of the server's clock. The tables have no checks, which would cost
 * a third of an acquire: functions and clients look at what they read instead.
 *
 * `turns` has the possessions that ended since somebody stands in line who `asks` for them, each as the JSON of its
 * holder, its token, its begin and its end; null when nobody asked.
 */
export function tablesSql(schema: string): string {
  const storage = 'WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500)';
  return `
CREATE TABLE ${schema}.meta (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  application text NOT NULL,
  version integer NOT NULL,
  channel text NOT NULL DEFAULT 'lockscope_' || replace(gen_random_uuid()::text, '-', ''),
  floor bigint NOT NULL DEFAULT 0
);
CREATE TABLE ${schema}.locks (
  key text COLLATE "C" PRIMARY KEY,
  lease_id text COLLATE "C",
  holder text COLLATE "C",
  token bigint,
  acquired_at bigint,
  expires_at bigint,
  last_token bigint NOT NULL,
  ceiling bigint NOT NULL,
  previous text COLLATE "C",
  touched_at bigint NOT NULL,
  sharing boolean NOT NULL,
  turns text[] COLLATE "C"
) ${storage};
CREATE TABLE ${schema}.sharers (
  key text COLLATE "C" NOT NULL,
  lease_id text COLLATE "C" NOT NULL,
  holder text COLLATE "C" NOT NULL,
  token bigint NOT NULL,
  acquired_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  share double precision NOT NULL,
  PRIMARY KEY (key, lease_id)
) ${storage};
CREATE VIEW ${schema}.holders AS
  SELECT key, lease_id, holder, token, acquired_at, expires_at, NULL::double precision AS share
  FROM ${schema}.locks WHERE expires_at IS NOT NULL
  UNION ALL
  SELECT key, lease_id, holder, token, acquired_at, expires_at, share FROM ${schema}.sharers;
CREATE TABLE ${schema}.waiters (
  key text COLLATE "C" NOT NULL,
  place bigint NOT NULL,
  lease_id text COLLATE "C" NOT NULL,
  holder text COLLATE "C" NOT NULL,
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
  asks boolean NOT NULL,
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
