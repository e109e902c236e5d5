-- Keys that sign tokens (RSA) and the one that seals codes and refresh tokens, each sealed under a key of the installation.
create table issuer_key (
  id uuid primary key,
  purpose text not null constraint issuer_key_purpose check (purpose in ('sign', 'seal')),
  key_version text not null,
  sealed bytea not null,
  made_at timestamptz not null,
  signs_from timestamptz not null
);

-- People who sign in here. Only who they are to this system: no name, no address.
create table account (
  id uuid primary key,
  login text not null constraint account_login unique,
  password text not null,
  role text not null,
  rpps text,
  insurer_id uuid,
  failures int not null default 0,
  locked_until timestamptz,
  disabled_at timestamptz,
  made_at timestamptz not null
);

create table session (
  id uuid primary key,
  account_id uuid not null references account (id),
  cookie_sha256 bytea not null constraint session_cookie unique,
  started_at timestamptz not null,
  ends_at timestamptz not null,
  ended_at timestamptz
);

-- What was ended while tokens of it are still valid; a row leaves when none can be.
create table revocation (
  kind text not null constraint revocation_kind check (kind in ('session', 'client', 'subject')),
  id text not null,
  before timestamptz not null,
  primary key (kind, id)
);
