"""The tables, indices and views of the SQLite store, and nothing that runs.

Tables have singular names and are for the program; views have plural names, are documented, and are for people
and their tools (Datasette, DB Browser, the sqlite3 shell). Times in tables are whole microseconds since 1970 in
UTC, in views ISO 8601 text. Column `key` of a table is the id that the outside knows.

The views
    sources     one row a feed or folder, with its health and next poll
    polls       polls that brought something, or ended otherwise than the one before; `repeats` counts the
                polls after it that did neither
    articles    one row an article, its latest version
    matches     one row a watch that an article's version satisfies, with the mentions that prove it
    alerts      one row a decision to tell, or not to tell, with its reason
    deliveries  one row an alert, or a trouble of the tool itself, owed to one recipient

Why it is shaped like this
    * Texts are in `version_text`, apart from `version`: lists never read texts, and what a purge frees is whole
      pages that new texts reuse.
    * `identity.digest` is 16 bytes of BLAKE2b over kind, scope and key, so that the largest index stays small
      whatever publishers write into their ids.
    * `ready_at` of a source or delivery is when it may be claimed: its due time, or the end of a running lease.
      One index over it serves both questions.
    * Rows of `article`, `version`, `identity` and `alert` are never deleted, so no id is ever used twice.

A change of the schema is a new migration in migrations.py and a higher SCHEMA_VERSION; FIRST never changes once
released.
"""

APPLICATION_ID = 0x6E77736D  # "nwsm"
SCHEMA_VERSION = 1
PAGE_SIZE = 8192

TABLES = (
    """
CREATE TABLE source (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  active INTEGER NOT NULL DEFAULT 1,
  first_seen_at INTEGER NOT NULL,
  first_read_at INTEGER,
  next_poll_at INTEGER NOT NULL,
  ready_at INTEGER NOT NULL,
  lease_until INTEGER,
  last_poll_at INTEGER,
  last_ok_at INTEGER,
  etag TEXT,
  last_modified TEXT,
  content_hash BLOB,
  failures INTEGER NOT NULL DEFAULT 0,
  health TEXT NOT NULL DEFAULT 'unknown',
  health_reason TEXT,
  articles INTEGER NOT NULL DEFAULT 0,
  last_result TEXT,
  last_detail TEXT,
  last_http_status INTEGER,
  poll INTEGER,
  repeats INTEGER NOT NULL DEFAULT 0
)""",
    """
CREATE TABLE poll (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  result TEXT NOT NULL,
  detail TEXT,
  http_status INTEGER,
  articles INTEGER NOT NULL,
  versions INTEGER NOT NULL,
  copies INTEGER NOT NULL,
  repeats INTEGER NOT NULL DEFAULT 0
)""",
    """
CREATE TABLE document (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL,
  location NOT NULL,
  received_at INTEGER NOT NULL,
  arrived_at INTEGER NOT NULL,
  content_hash BLOB NOT NULL,
  size INTEGER NOT NULL,
  format TEXT,
  refusal TEXT,
  doubts TEXT,
  told INTEGER NOT NULL
)""",
    """
CREATE TABLE file (
  source INTEGER NOT NULL,
  path NOT NULL,
  stamp TEXT NOT NULL,
  content_hash BLOB NOT NULL,
  PRIMARY KEY (source, path)
) WITHOUT ROWID""",
    """
CREATE TABLE article (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  source INTEGER NOT NULL,
  latest INTEGER NOT NULL,
  number INTEGER NOT NULL
)""",
    """
CREATE TABLE version (
  id INTEGER PRIMARY KEY,
  article INTEGER NOT NULL,
  number INTEGER NOT NULL,
  document INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  purgeable INTEGER NOT NULL,
  text_hash BLOB NOT NULL,
  format TEXT NOT NULL,
  member TEXT,
  native_id TEXT,
  publisher_version TEXT,
  headline TEXT,
  slug TEXT,
  byline TEXT,
  place TEXT,
  dateline_date TEXT,
  agency TEXT,
  language TEXT,
  published INTEGER,
  published_text TEXT,
  embargo_until INTEGER,
  url TEXT,
  urgency INTEGER,
  lifecycle TEXT,
  doubts TEXT
)""",
    "CREATE TABLE version_text (id INTEGER PRIMARY KEY, zones TEXT NOT NULL, text TEXT NOT NULL)",
    """
CREATE TABLE identity (
  digest BLOB PRIMARY KEY,
  kind TEXT NOT NULL,
  article INTEGER NOT NULL,
  seen_hash BLOB NOT NULL
) WITHOUT ROWID""",
    """
CREATE TABLE sighting (
  id INTEGER PRIMARY KEY,
  article INTEGER NOT NULL,
  source INTEGER NOT NULL,
  document INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  headline TEXT,
  url TEXT
)""",
    "CREATE TABLE watchlist (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, first_used_at INTEGER NOT NULL)",
    """
CREATE TABLE alert (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  reason TEXT NOT NULL,
  suppressed INTEGER NOT NULL,
  article INTEGER NOT NULL,
  version INTEGER NOT NULL,
  follows INTEGER,
  story INTEGER,
  watchlist INTEGER NOT NULL
)""",
    """
CREATE TABLE match (
  id INTEGER PRIMARY KEY,
  alert INTEGER NOT NULL,
  version INTEGER NOT NULL,
  watch TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  priority INTEGER NOT NULL,
  origin_file TEXT NOT NULL,
  origin_line INTEGER NOT NULL,
  tell TEXT NOT NULL,
  watchlist INTEGER NOT NULL,
  mentions TEXT NOT NULL
)""",
    """
CREATE TABLE channel (
  name TEXT PRIMARY KEY,
  paused_until INTEGER,
  reason TEXT,
  probe INTEGER
) WITHOUT ROWID""",
    """
CREATE TABLE recipient (
  id INTEGER PRIMARY KEY,
  channel TEXT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (channel, name)
)""",
    """
CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  recipient INTEGER NOT NULL,
  alert INTEGER,
  trouble INTEGER,
  watches TEXT NOT NULL,
  lane INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'owed',
  open INTEGER NOT NULL DEFAULT 1,
  owed_at INTEGER NOT NULL,
  next_try_at INTEGER NOT NULL,
  ready_at INTEGER NOT NULL,
  lease_until INTEGER,
  message INTEGER,
  tries INTEGER NOT NULL DEFAULT 0,
  refusals INTEGER NOT NULL DEFAULT 0,
  detail TEXT,
  settled_at INTEGER
)""",
    """
CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  recipient INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  settled_at INTEGER,
  state TEXT NOT NULL DEFAULT 'in flight',
  detail TEXT,
  deliveries INTEGER NOT NULL,
  counts INTEGER NOT NULL
)""",
    """
CREATE TABLE trouble (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  about TEXT NOT NULL,
  text TEXT NOT NULL,
  outside TEXT,
  over_text TEXT,
  count INTEGER NOT NULL,
  at INTEGER NOT NULL,
  over_at INTEGER
)""",
    "CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
)

INDICES = (
    "CREATE INDEX source_ready ON source(kind, ready_at) WHERE active = 1",
    "CREATE INDEX source_leased ON source(lease_until) WHERE lease_until IS NOT NULL",
    "CREATE INDEX poll_source ON poll(source)",
    "CREATE INDEX poll_ended ON poll(ended_at)",
    "CREATE INDEX document_spent ON document(received_at) WHERE told = 0",
    "CREATE INDEX article_source ON article(source, latest)",
    "CREATE UNIQUE INDEX version_number ON version(article, number)",
    "CREATE INDEX version_received ON version(received_at)",
    "CREATE INDEX version_purgeable ON version(received_at) WHERE purgeable = 1",
    "CREATE INDEX sighting_article ON sighting(article)",
    "CREATE INDEX alert_at ON alert(at)",
    "CREATE INDEX alert_suppressed ON alert(suppressed, at)",
    "CREATE INDEX alert_article ON alert(article)",
    "CREATE INDEX match_alert ON match(alert)",
    "CREATE INDEX match_watch ON match(watch, alert)",
    "CREATE INDEX delivery_open ON delivery(recipient, lane, owed_at, ready_at) WHERE open = 1",
    "CREATE INDEX delivery_leased ON delivery(lease_until) WHERE lease_until IS NOT NULL",
    "CREATE INDEX delivery_state ON delivery(state)",
    "CREATE INDEX delivery_alert ON delivery(alert) WHERE alert IS NOT NULL",
    "CREATE INDEX delivery_trouble ON delivery(trouble) WHERE trouble IS NOT NULL",
    "CREATE INDEX delivery_message ON delivery(message) WHERE message IS NOT NULL",
    "CREATE INDEX message_rate ON message(recipient, created_at) WHERE counts = 1",
    "CREATE INDEX message_flying ON message(state) WHERE state = 'in flight'",
    "CREATE INDEX message_spent ON message(created_at) WHERE state NOT IN ('in flight', 'sent')",
    "CREATE UNIQUE INDEX trouble_open ON trouble(about) WHERE over_at IS NULL",
)

# FTS5 over a view, so that its index holds the words that search_words() makes of a text, and checks against them.
# No column sizes: results are by age, not by rank. Marks belong to words, or Indic words fall apart.
SEARCH = (
    "CREATE VIEW article_words AS SELECT id, search_words(text) AS words FROM version_text",
    """
CREATE VIRTUAL TABLE article_search USING fts5(
  words, content='article_words', content_rowid='id', columnsize=0,
  tokenize="unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
)""",
    "INSERT INTO state (name, value) VALUES ('searchable up to', 0)",
)

VIEWS = (
    """
CREATE VIEW sources AS
SELECT s.key AS id, s.name, s.kind, CASE s.active WHEN 1 THEN s.health ELSE 'off' END AS health, s.health_reason,
  s.articles, s.failures, s.last_result, s.last_detail, s.last_http_status,
  strftime('%Y-%m-%dT%H:%M:%S', s.last_poll_at/1000000, 'unixepoch') || 'Z' AS last_poll_at,
  strftime('%Y-%m-%dT%H:%M:%S', s.last_ok_at/1000000, 'unixepoch') || 'Z' AS last_ok_at,
  strftime('%Y-%m-%dT%H:%M:%S', s.next_poll_at/1000000, 'unixepoch') || 'Z' AS next_poll_at,
  strftime('%Y-%m-%dT%H:%M:%S', s.first_seen_at/1000000, 'unixepoch') || 'Z' AS first_seen_at
FROM source s""",
    """
CREATE VIEW polls AS
SELECT p.id, s.key AS source, s.name AS source_name, p.result, p.articles, p.versions, p.copies, p.http_status,
  p.detail, strftime('%Y-%m-%dT%H:%M:%S', p.started_at/1000000, 'unixepoch') || 'Z' AS started_at,
  strftime('%Y-%m-%dT%H:%M:%S', p.ended_at/1000000, 'unixepoch') || 'Z' AS ended_at,
  CASE s.poll WHEN p.id THEN s.repeats ELSE p.repeats END AS repeats
FROM poll p JOIN source s ON s.id = p.source""",
    """
CREATE VIEW articles AS
SELECT a.key AS id, a.key || '.' || v.number AS version, v.headline, v.agency, v.place, v.dateline_date, v.byline,
  strftime('%Y-%m-%dT%H:%M:%S', v.published/1000000, 'unixepoch') || 'Z' AS published,
  strftime('%Y-%m-%dT%H:%M:%S', v.received_at/1000000, 'unixepoch') || 'Z' AS received_at,
  s.key AS source, s.name AS source_name, d.location, v.url, v.language, v.format, v.urgency, v.lifecycle, t.text
FROM article a JOIN version v ON v.id = a.latest JOIN document d ON d.id = v.document
  JOIN source s ON s.id = a.source LEFT JOIN version_text t ON t.id = v.id""",
    """
CREATE VIEW matches AS
SELECT m.id, al.key AS alert, a.key AS article, a.key || '.' || v.number AS version, m.watch, m.name, m.kind,
  CASE m.priority WHEN 1 THEN 'low' WHEN 2 THEN 'normal' WHEN 3 THEN 'high' ELSE 'urgent' END AS priority,
  m.mentions, m.origin_file || ':' || m.origin_line AS watched_in, w.key AS watchlist, v.headline
FROM match m JOIN alert al ON al.id = m.alert JOIN version v ON v.id = m.version
  JOIN article a ON a.id = v.article JOIN watchlist w ON w.id = m.watchlist""",
    """
CREATE VIEW alerts AS
SELECT al.key AS id, strftime('%Y-%m-%dT%H:%M:%S', al.at/1000000, 'unixepoch') || 'Z' AS at, v.headline,
  (SELECT group_concat(m.name, ', ') FROM match m WHERE m.alert = al.id) AS watches, al.kind, al.reason,
  al.suppressed, a.key AS article, a.key || '.' || v.number AS version, s.name AS source_name, v.url,
  f.key AS follows, al.story
FROM alert al JOIN version v ON v.id = al.version JOIN article a ON a.id = al.article
  JOIN source s ON s.id = a.source LEFT JOIN alert f ON f.id = al.follows""",
    """
CREATE VIEW deliveries AS
SELECT d.key AS id, al.key AS alert, tr.key AS trouble, r.channel, r.name AS recipient, d.state,
  CASE d.priority WHEN 1 THEN 'low' WHEN 2 THEN 'normal' WHEN 3 THEN 'high' ELSE 'urgent' END AS priority,
  coalesce(v.headline, tr.text) AS headline,
  strftime('%Y-%m-%dT%H:%M:%S', d.owed_at/1000000, 'unixepoch') || 'Z' AS owed_at,
  strftime('%Y-%m-%dT%H:%M:%S', d.settled_at/1000000, 'unixepoch') || 'Z' AS settled_at,
  strftime('%Y-%m-%dT%H:%M:%S', d.next_try_at/1000000, 'unixepoch') || 'Z' AS next_try_at,
  d.tries, d.refusals, d.detail, me.key AS message
FROM delivery d JOIN recipient r ON r.id = d.recipient LEFT JOIN alert al ON al.id = d.alert
  LEFT JOIN version v ON v.id = al.version LEFT JOIN trouble tr ON tr.id = d.trouble
  LEFT JOIN message me ON me.id = d.message""",
)

FIRST = (*TABLES, *INDICES, *SEARCH, *VIEWS)
