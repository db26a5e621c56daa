/** Steps of the outbox's schema; `user_version` is the number of those that were taken. Published steps are never edited. */
export const OUTBOX_STEPS: readonly string[] = [
  `
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE alerts (
  alert_id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  severity TEXT NOT NULL,
  at_ms REAL NOT NULL,
  text TEXT NOT NULL,
  count INTEGER NOT NULL DEFAULT 1,
  first_ms REAL NOT NULL,
  last_ms REAL NOT NULL
) STRICT;
CREATE INDEX alerts_by_key ON alerts (key, last_ms);

-- What a channel has not been given yet.
CREATE TABLE waiting (
  channel TEXT NOT NULL,
  alert_id INTEGER NOT NULL REFERENCES alerts (alert_id) ON DELETE CASCADE,
  PRIMARY KEY (channel, alert_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
  message_id INTEGER PRIMARY KEY AUTOINCREMENT,
  channel TEXT NOT NULL,
  severity TEXT NOT NULL,
  is_digest INTEGER NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
  tries INTEGER NOT NULL DEFAULT 0,
  made_ms REAL NOT NULL,
  due_ms REAL NOT NULL,
  sent_ms REAL,
  answer TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX messages_by_channel ON messages (channel, state, made_ms);

-- Conditions that were told and last.
CREATE TABLE conditions (key TEXT PRIMARY KEY, since_ms REAL NOT NULL) STRICT;

-- What no channel will be given any more.
CREATE TABLE dropped (channel TEXT PRIMARY KEY, count INTEGER NOT NULL, untold INTEGER NOT NULL) STRICT;
`,
];
