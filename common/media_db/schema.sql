-- media.db, schema version 1. Times are whole seconds since 1970 UTC in INTEGER columns named *_at; the documented columns of
-- `media` hold ISO text, as their readers expect. Words are lower case and checked here; JSON is checked where it is written
-- (SQLite refuses json_valid() in a schema that is not trusted).

-- What iCloud lists --------------------------------------------------------------------------------------------------
CREATE TABLE asset (
  id            INTEGER PRIMARY KEY,
  account       TEXT    NOT NULL,             -- the Apple account (lower case); several may share a house
  library       TEXT    NOT NULL,             -- CloudKit zone: PrimarySync, SharedSync-…
  record_name   TEXT    NOT NULL,             -- CPLAsset record name: what a deletion names
  master_name   TEXT    NOT NULL,             -- CPLMaster record name; several assets may share one
  change_tag    TEXT    NOT NULL,
  filename      TEXT    NOT NULL,
  taken_at      INTEGER NOT NULL,
  added_at      INTEGER NOT NULL,
  hidden        INTEGER NOT NULL DEFAULT 0,
  favourite     INTEGER NOT NULL DEFAULT 0,
  title         TEXT    NOT NULL DEFAULT '',  -- as the owner wrote them in Photos
  caption       TEXT    NOT NULL DEFAULT '',
  listed        INTEGER NOT NULL DEFAULT 1,   -- 1: in the last complete census
  first_seen_at INTEGER NOT NULL,
  last_seen_at  INTEGER NOT NULL,
  filed_at      INTEGER,                      -- put into the album DeletePending, read back
  filed_tag     TEXT,                         -- change tag read then
  vetoed_at     INTEGER,                      -- a person took it out of the album
  deleted_at    INTEGER,                      -- read back in Recently Deleted
  gone_at       INTEGER,                      -- iCloud itself says it is deleted, and it was not us
  hold_code     TEXT,                         -- why it is not deleted although its turn has come
  hold_text     TEXT,
  UNIQUE (account, library, record_name),
  -- What came from another archive (account 'exchange', library: that archive) never was in this house's iCloud and is never listed, filed or deleted there.
  CHECK (account <> 'exchange' OR (listed = 0 AND gone_at IS NOT NULL AND filed_at IS NULL AND deleted_at IS NULL))
) STRICT;
CREATE INDEX asset_listed ON asset (listed, id);
-- What the listing dropped and iCloud has not been asked about with a clear answer: hidden ones, mostly.
CREATE INDEX asset_unlisted ON asset (account, library) WHERE listed = 0 AND deleted_at IS NULL AND gone_at IS NULL;
CREATE INDEX asset_filed ON asset (filed_at) WHERE filed_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX asset_deleted ON asset (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX asset_gone ON asset (gone_at) WHERE gone_at IS NOT NULL;
CREATE INDEX asset_held ON asset (hold_code) WHERE hold_code IS NOT NULL AND deleted_at IS NULL;

CREATE TABLE resource (
  id          INTEGER PRIMARY KEY,
  asset_id    INTEGER NOT NULL REFERENCES asset (id),
  kind        TEXT    NOT NULL CHECK (kind IN ('original','alternative','live_movie','sidecar','edited','edited_movie')),
  checksum    TEXT    NOT NULL,               -- Apple's fileChecksum
  size        INTEGER NOT NULL,
  file_type   TEXT    NOT NULL DEFAULT '',    -- uniform type identifier
  listed      INTEGER NOT NULL DEFAULT 1,
  wanted      INTEGER NOT NULL DEFAULT 1,     -- 1: listed, and so is its asset: a missing one is fetched
  taken_at    INTEGER NOT NULL,               -- the asset's, for the order of fetching
  state       TEXT    NOT NULL DEFAULT 'missing' CHECK (state IN ('missing','taken','attention')),
  attempts    INTEGER NOT NULL DEFAULT 0,
  not_before  INTEGER NOT NULL DEFAULT 0,
  reason_code TEXT,
  reason_text TEXT,
  UNIQUE (asset_id, kind, checksum)
) STRICT;
CREATE INDEX resource_checksum ON resource (checksum);
CREATE INDEX resource_missing ON resource (state, not_before, taken_at DESC) WHERE state <> 'taken' AND wanted = 1;

CREATE TABLE resource_count (                 -- kept by triggers, like all *_count tables: `status` never scans
  state  TEXT NOT NULL,
  wanted INTEGER NOT NULL,
  count  INTEGER NOT NULL,
  PRIMARY KEY (state, wanted)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER resource_added AFTER INSERT ON resource BEGIN
  INSERT INTO resource_count VALUES (new.state, new.wanted, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER resource_changed AFTER UPDATE OF state, wanted ON resource WHEN old.state <> new.state OR old.wanted <> new.wanted BEGIN
  UPDATE resource_count SET count = count - 1 WHERE state = old.state AND wanted = old.wanted;
  INSERT INTO resource_count VALUES (new.state, new.wanted, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER resource_removed AFTER DELETE ON resource BEGIN
  UPDATE resource_count SET count = count - 1 WHERE state = old.state AND wanted = old.wanted;
END;

-- The files ----------------------------------------------------------------------------------------------------------
CREATE TABLE media (
  id              INTEGER PRIMARY KEY,
  filename        TEXT    NOT NULL,
  icloud_id       TEXT    NOT NULL,           -- CPLAsset record name; the file name for files that iCloud never listed
  created_date    TEXT    NOT NULL,           -- ISO
  local_path      TEXT,                       -- absolute; NULL once the local original is gone
  status          TEXT    NOT NULL,
  synced_google   TEXT    CHECK (synced_google = 'yes'),
  synced_nas      TEXT    CHECK (synced_nas = 'yes'),
  nas_google      TEXT    GENERATED ALWAYS AS (synced_nas) VIRTUAL,
  album_moved     INTEGER NOT NULL DEFAULT 0 CHECK (album_moved IN (0, 1)),
  deleted_icloud  TEXT    CHECK (deleted_icloud = 'yes'),
  initial_size    INTEGER NOT NULL,
  current_size    INTEGER NOT NULL,
  last_compressed TEXT,
  last_updated    TEXT    NOT NULL,
  asset_id        INTEGER REFERENCES asset (id),
  resource_id     INTEGER UNIQUE REFERENCES resource (id),
  resource        TEXT    NOT NULL DEFAULT 'original',   -- resource.kind
  kind            TEXT    NOT NULL CHECK (kind IN ('photo','raw','video','sidecar','other')),
  sha256          TEXT    NOT NULL,
  apple_checksum  TEXT    NOT NULL,
  taken_at        INTEGER NOT NULL,
  live_pair       INTEGER NOT NULL DEFAULT 0, -- 1: still or movie of a live photo
  compression_metadata TEXT,
  next_tier_at    INTEGER                     -- when it ages into the next tier
) STRICT;
CREATE INDEX media_asset ON media (asset_id);
CREATE INDEX media_sha256 ON media (sha256);
CREATE INDEX media_filename ON media (filename COLLATE NOCASE);
CREATE INDEX media_icloud_id ON media (icloud_id);
CREATE INDEX media_status ON media (status);
CREATE INDEX media_next_tier ON media (next_tier_at) WHERE next_tier_at IS NOT NULL;

-- Evidence: a copy, what is in it, how and when that was proven ---------------------------------------------------------
CREATE TABLE copy (
  id          INTEGER PRIMARY KEY,
  media_id    INTEGER NOT NULL REFERENCES media (id),
  place       TEXT    NOT NULL CHECK (place IN ('local','pixel','nas','library')),
  path        TEXT    NOT NULL,               -- relative to the place's root; absolute where place = 'local'
  sha256      TEXT    NOT NULL,
  size        INTEGER NOT NULL,
  proof       TEXT    NOT NULL CHECK (proof IN ('staged','delivered','dwelt','freed','read_back','settled','decoded','placed')),
  written_at  INTEGER NOT NULL,
  proven_at   INTEGER,                        -- when `proof` was first reached (pixel: delivered; nas: read back)
  checked_at  INTEGER,                        -- last time it was proven again
  removed_at  INTEGER,                        -- we took it away, or saw that it is gone
  receipt     TEXT   
) STRICT;
CREATE INDEX copy_media ON copy (media_id, place);
CREATE UNIQUE INDEX copy_pixel_name ON copy (path COLLATE NOCASE) WHERE place = 'pixel';   -- a name is never used twice
CREATE INDEX copy_place_path ON copy (place, path COLLATE NOCASE);      -- a Samba server takes two cases of a name for one file
CREATE INDEX copy_open_pixel ON copy (proof) WHERE place = 'pixel' AND removed_at IS NULL;
CREATE INDEX copy_on_nas ON copy (proof, proven_at) WHERE place = 'nas' AND removed_at IS NULL;

CREATE TABLE copy_count (                     -- copies not removed, and freed ones: a receipt outlives the file
  place TEXT NOT NULL,
  proof TEXT NOT NULL,
  count INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (place, proof)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER copy_added AFTER INSERT ON copy WHEN new.removed_at IS NULL OR new.proof = 'freed' BEGIN
  INSERT INTO copy_count VALUES (new.place, new.proof, 1, new.size)
    ON CONFLICT DO UPDATE SET count = count + 1, bytes = bytes + new.size;
END;
CREATE TRIGGER copy_uncounted AFTER UPDATE OF proof, size, removed_at ON copy WHEN old.removed_at IS NULL OR old.proof = 'freed' BEGIN
  UPDATE copy_count SET count = count - 1, bytes = bytes - old.size WHERE place = old.place AND proof = old.proof;
END;
CREATE TRIGGER copy_recounted AFTER UPDATE OF proof, size, removed_at ON copy WHEN new.removed_at IS NULL OR new.proof = 'freed' BEGIN
  INSERT INTO copy_count VALUES (new.place, new.proof, 1, new.size)
    ON CONFLICT DO UPDATE SET count = count + 1, bytes = bytes + new.size;
END;
CREATE TRIGGER copy_deleted AFTER DELETE ON copy WHEN old.removed_at IS NULL OR old.proof = 'freed' BEGIN
  UPDATE copy_count SET count = count - 1, bytes = bytes - old.size WHERE place = old.place AND proof = old.proof;
END;

-- What stands in incoming/ for a file that was taken in ----------------------------------------------------------------
CREATE TABLE placeholder (
  path     TEXT PRIMARY KEY,                  -- relative to incoming
  media_id INTEGER REFERENCES media (id),
  size     INTEGER NOT NULL,
  made_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX placeholder_media ON placeholder (media_id);

-- Files that arrived and were not taken in -----------------------------------------------------------------------------
CREATE TABLE set_aside (
  id          INTEGER PRIMARY KEY,
  found_path  TEXT    NOT NULL,
  path        TEXT    NOT NULL,               -- where it lies now
  size        INTEGER NOT NULL,
  sha256      TEXT    NOT NULL,
  reason_code TEXT    NOT NULL,
  reason_text TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  removed_at  INTEGER
) STRICT;

-- The conveyor ---------------------------------------------------------------------------------------------------------
CREATE TABLE need (                           -- stages/house with the switched-off stages passed over
  stage TEXT NOT NULL,
  after TEXT NOT NULL,
  PRIMARY KEY (stage, after)
) STRICT, WITHOUT ROWID;

CREATE TABLE step (
  media_id    INTEGER NOT NULL REFERENCES media (id),
  stage       TEXT    NOT NULL,
  open        INTEGER NOT NULL DEFAULT 0,     -- 1: every stage it needs is done for this file
  status      TEXT    NOT NULL DEFAULT 'pending' CHECK (status IN ('pending','running','done','attention')),
  attempts    INTEGER NOT NULL DEFAULT 0,     -- failures in a row
  deaths      INTEGER NOT NULL DEFAULT 0,     -- crashes of the process that held it
  not_before  INTEGER NOT NULL DEFAULT 0,
  reason_code TEXT,
  reason_text TEXT,
  token       INTEGER NOT NULL DEFAULT 0,     -- fencing: grows with every claim
  run_id      INTEGER,
  started_at  INTEGER,
  finished_at INTEGER,
  taken_at    INTEGER NOT NULL,               -- the file's, for the order of claiming
  PRIMARY KEY (media_id, stage)
) STRICT, WITHOUT ROWID;
CREATE INDEX step_ready ON step (stage, not_before, taken_at DESC, media_id DESC) WHERE status = 'pending' AND open = 1;
CREATE INDEX step_waiting ON step (stage, reason_code, not_before) WHERE status = 'pending' AND open = 1 AND reason_code IS NOT NULL;
CREATE INDEX step_running ON step (stage, run_id) WHERE status = 'running';
CREATE INDEX step_attention ON step (finished_at) WHERE status = 'attention';

CREATE TABLE step_count (
  stage  TEXT NOT NULL,
  status TEXT NOT NULL,
  open   INTEGER NOT NULL,
  reason TEXT NOT NULL,                       -- reason_code, '' for none
  count  INTEGER NOT NULL,
  PRIMARY KEY (stage, status, open, reason)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER step_added AFTER INSERT ON step BEGIN
  INSERT INTO step_count VALUES (new.stage, new.status, new.open, coalesce(new.reason_code, ''), 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER step_changed AFTER UPDATE OF status, open, reason_code ON step
    WHEN old.status <> new.status OR old.open <> new.open OR old.reason_code IS NOT new.reason_code BEGIN
  UPDATE step_count SET count = count - 1
   WHERE stage = old.stage AND status = old.status AND open = old.open AND reason = coalesce(old.reason_code, '');
  INSERT INTO step_count VALUES (new.stage, new.status, new.open, coalesce(new.reason_code, ''), 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER step_removed AFTER DELETE ON step BEGIN
  UPDATE step_count SET count = count - 1
   WHERE stage = old.stage AND status = old.status AND open = old.open AND reason = coalesce(old.reason_code, '');
END;

CREATE TABLE media_count (                    -- files and bytes by status word
  status        TEXT PRIMARY KEY,
  count         INTEGER NOT NULL,
  initial_bytes INTEGER NOT NULL,
  current_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER media_added AFTER INSERT ON media BEGIN
  INSERT INTO media_count VALUES (new.status, 1, new.initial_size, new.current_size)
    ON CONFLICT DO UPDATE SET count = count + 1, initial_bytes = initial_bytes + new.initial_size, current_bytes = current_bytes + new.current_size;
END;
CREATE TRIGGER media_changed AFTER UPDATE OF status, initial_size, current_size ON media BEGIN
  UPDATE media_count SET count = count - 1, initial_bytes = initial_bytes - old.initial_size, current_bytes = current_bytes - old.current_size
   WHERE status = old.status;
  INSERT INTO media_count VALUES (new.status, 1, new.initial_size, new.current_size)
    ON CONFLICT DO UPDATE SET count = count + 1, initial_bytes = initial_bytes + new.initial_size, current_bytes = current_bytes + new.current_size;
END;
CREATE TRIGGER media_removed AFTER DELETE ON media BEGIN
  UPDATE media_count SET count = count - 1, initial_bytes = initial_bytes - old.initial_size, current_bytes = current_bytes - old.current_size
   WHERE status = old.status;
END;

-- Runs -----------------------------------------------------------------------------------------------------------------
CREATE TABLE workflow (
  id          INTEGER PRIMARY KEY,
  name        TEXT    NOT NULL UNIQUE,        -- workflow_YYYYMMDD_HHMMSS
  started_by  TEXT    NOT NULL CHECK (started_by IN ('run','daemon')),
  pid         INTEGER NOT NULL,
  started_at  INTEGER NOT NULL,
  finished_at INTEGER,
  exit_code   INTEGER,
  first_stage TEXT    NOT NULL,
  last_stage  TEXT    NOT NULL
) STRICT;

CREATE TABLE run (
  id          INTEGER PRIMARY KEY,
  workflow_id INTEGER REFERENCES workflow (id),
  stage       TEXT    NOT NULL,
  slot        INTEGER NOT NULL,
  pid         INTEGER NOT NULL,
  started_at  INTEGER NOT NULL,
  finished_at INTEGER,
  exit_code   INTEGER,                        -- NULL while it runs, and for a run that died
  end_signal  INTEGER,
  reason_code TEXT,
  reason_text TEXT,
  total       INTEGER NOT NULL DEFAULT 0,     -- items in sight when it began (may grow)
  done        INTEGER NOT NULL DEFAULT 0,
  waiting     INTEGER NOT NULL DEFAULT 0,
  attention   INTEGER NOT NULL DEFAULT 0,
  bytes       INTEGER NOT NULL DEFAULT 0,
  activity    TEXT    NOT NULL DEFAULT ''     -- what it is doing now, for `status`
) STRICT;
CREATE INDEX run_stage ON run (stage, started_at);
CREATE INDEX run_workflow ON run (workflow_id);
CREATE INDEX run_open ON run (stage) WHERE finished_at IS NULL;

-- Everything that happened: each row holds the hash of the one before -----------------------------------------------------
CREATE TABLE event (
  id       INTEGER PRIMARY KEY,
  at       INTEGER NOT NULL,
  media_id INTEGER,
  asset_id INTEGER,
  run_id   INTEGER,
  stage    TEXT    NOT NULL DEFAULT '',
  what     TEXT    NOT NULL,                  -- a stable word: taken_in, staged, archived, read_back, deleted, …
  detail   TEXT    NOT NULL DEFAULT '{}',
  hash     TEXT    NOT NULL                   -- SHA-256 over the previous hash and this row
) STRICT;
CREATE INDEX event_media ON event (media_id) WHERE media_id IS NOT NULL;
CREATE INDEX event_asset ON event (asset_id) WHERE asset_id IS NOT NULL;

-- Deletion plans --------------------------------------------------------------------------------------------------------
CREATE TABLE plan (
  id          INTEGER PRIMARY KEY,
  created_at  INTEGER NOT NULL,
  status      TEXT    NOT NULL CHECK (status IN ('proposed','approved','finished','superseded')),
  approved_at INTEGER,
  approved_by TEXT,
  finished_at INTEGER
) STRICT;
CREATE TABLE plan_item (
  plan_id     INTEGER NOT NULL REFERENCES plan (id),
  asset_id    INTEGER NOT NULL REFERENCES asset (id),
  change_tag  TEXT    NOT NULL,
  resources   TEXT    NOT NULL,               -- the checksums it was proven for, sorted: a new edit makes the item void
  bytes       INTEGER NOT NULL,
  status      TEXT    NOT NULL DEFAULT 'planned' CHECK (status IN ('planned','sent','deleted','held')),
  reason_code TEXT,
  reason_text TEXT,
  PRIMARY KEY (plan_id, asset_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX plan_item_asset ON plan_item (asset_id);

-- Small facts: census counts, sign-in state, last backup, canaries ---------------------------------------------------------
CREATE TABLE state (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Albums a photo is in: those of this house's iCloud (source '') and of archives it came from -------------------------------
CREATE TABLE album (
  id     INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  name   TEXT NOT NULL,
  UNIQUE (source, name)
) STRICT;
CREATE TABLE album_asset (
  album_id INTEGER NOT NULL REFERENCES album (id),
  asset_id INTEGER NOT NULL REFERENCES asset (id),
  PRIMARY KEY (album_id, asset_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX album_asset_asset ON album_asset (asset_id);

-- Archived files of which something changed that the archive's own books tell: the index, SHA256SUMS, the capsules. Emptied by whoever writes these.
CREATE TABLE book_due (
  id       INTEGER PRIMARY KEY AUTOINCREMENT, -- a new one with every change: what changes while it is written down stays due
  media_id INTEGER NOT NULL UNIQUE REFERENCES media (id) ON DELETE CASCADE
) STRICT;
CREATE TRIGGER book_due_copied AFTER INSERT ON copy WHEN new.place = 'nas' BEGIN
  INSERT OR REPLACE INTO book_due (media_id) VALUES (new.media_id);
END;
-- Not when a settled copy is merely read once more: a run that had nothing else to do would write every folder's books for it.
CREATE TRIGGER book_due_proven AFTER UPDATE OF path, proof, removed_at ON copy
    WHEN new.place = 'nas' AND (old.path <> new.path OR old.proof IS NOT new.proof OR old.removed_at IS NOT new.removed_at) BEGIN
  INSERT OR REPLACE INTO book_due (media_id) VALUES (new.media_id);
END;
CREATE TRIGGER book_due_told AFTER UPDATE OF synced_google, live_pair ON media
    WHEN old.synced_google IS NOT new.synced_google OR old.live_pair <> new.live_pair BEGIN
  INSERT OR REPLACE INTO book_due (media_id) VALUES (new.id);
END;
CREATE TRIGGER book_due_described AFTER UPDATE OF filename, taken_at, favourite, hidden, title, caption, deleted_at, gone_at ON asset
    WHEN old.filename <> new.filename OR old.taken_at <> new.taken_at OR old.favourite <> new.favourite OR old.hidden <> new.hidden
      OR old.title <> new.title OR old.caption <> new.caption OR old.deleted_at IS NOT new.deleted_at OR old.gone_at IS NOT new.gone_at BEGIN
  INSERT OR REPLACE INTO book_due (media_id) SELECT id FROM media WHERE asset_id = new.id;
END;
CREATE TRIGGER book_due_filed AFTER INSERT ON album_asset BEGIN
  INSERT OR REPLACE INTO book_due (media_id) SELECT id FROM media WHERE asset_id = new.asset_id;
END;
CREATE TRIGGER book_due_unfiled AFTER DELETE ON album_asset BEGIN
  INSERT OR REPLACE INTO book_due (media_id) SELECT id FROM media WHERE asset_id = old.asset_id;
END;
CREATE TRIGGER book_due_awaited AFTER INSERT ON placeholder WHEN new.media_id IS NOT NULL BEGIN
  INSERT OR REPLACE INTO book_due (media_id) VALUES (new.media_id);
END;

-- Archive exchange and the action queue (names and columns as their first users know them) -----------------------------------
CREATE TABLE sync_operations (
  id INTEGER PRIMARY KEY, operation_id TEXT NOT NULL UNIQUE, start_time TEXT NOT NULL, end_time TEXT,
  status TEXT NOT NULL CHECK (status IN ('running','completed','failed')),
  source_db_path TEXT, total_files INTEGER NOT NULL DEFAULT 0, processed_files INTEGER NOT NULL DEFAULT 0, error_count INTEGER NOT NULL DEFAULT 0,
  kind TEXT NOT NULL CHECK (kind IN ('analyze','export','import','receive')), list_id TEXT, folder TEXT   -- folder: where the list's files lie
) STRICT;
CREATE INDEX sync_operations_list ON sync_operations (list_id, kind);
CREATE TABLE sync_files (                     -- placing: about to lie at file_path, which no row of media names yet
  id INTEGER PRIMARY KEY, operation_id TEXT NOT NULL REFERENCES sync_operations (operation_id), image_id INTEGER REFERENCES media (id),
  file_path TEXT NOT NULL, file_hash TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('placing','imported','duplicate','failed','withdrawn')),
  error_message TEXT
) STRICT;
CREATE INDEX sync_files_operation ON sync_files (operation_id);
CREATE INDEX sync_files_placing ON sync_files (file_path) WHERE status = 'placing';
CREATE TABLE sync_export_lists (
  id INTEGER PRIMARY KEY, operation_id TEXT NOT NULL REFERENCES sync_operations (operation_id), list_id TEXT NOT NULL UNIQUE, created_time TEXT NOT NULL,
  total_files INTEGER NOT NULL DEFAULT 0, processed_files INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL CHECK (status IN ('created','exporting','exported','cleaned'))
) STRICT;
CREATE TABLE sync_export_files (
  id INTEGER PRIMARY KEY, list_id TEXT NOT NULL REFERENCES sync_export_lists (list_id), image_id INTEGER NOT NULL REFERENCES media (id),
  export_path TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('pending','exported','failed')), error_message TEXT
) STRICT;
CREATE INDEX sync_export_files_list ON sync_export_files (list_id, status, id);
CREATE TABLE sync_records (                   -- what came over Syncthing; size and modified: of the file then, so that it is not read again
  id INTEGER PRIMARY KEY, image_id INTEGER REFERENCES media (id), remote_source TEXT NOT NULL, sync_date TEXT NOT NULL, remote_path TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('received','duplicate','failed')), error_message TEXT,
  file_hash TEXT, size INTEGER NOT NULL, modified INTEGER NOT NULL,
  UNIQUE (remote_source, remote_path)
) STRICT;
CREATE TABLE action_queue (
  id INTEGER PRIMARY KEY, target TEXT NOT NULL UNIQUE, action TEXT NOT NULL CHECK (action IN ('pull','push','trash')), options TEXT NOT NULL DEFAULT '{}',
  status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN ('queued','running','done','failed')), copied INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0, queued_at INTEGER NOT NULL, finished_at INTEGER,
  reason_code TEXT, reason_text TEXT            -- why it waits, or failed as a whole
) STRICT;
CREATE TABLE action_file (                    -- what the target's action means for each file, and what became of it; a path may be any bytes
  action_id INTEGER NOT NULL REFERENCES action_queue (id) ON DELETE CASCADE, path BLOB NOT NULL, class TEXT NOT NULL, size INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('planned','copied','skipped','error')), reason_code TEXT, reason_text TEXT,
  PRIMARY KEY (action_id, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX action_file_planned ON action_file (action_id, path) WHERE status = 'planned';
CREATE TABLE trashed (                        -- moved to archive.trash by the queue; noted before the file moves
  id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, original BLOB NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, at INTEGER NOT NULL,
  gone TEXT CHECK (gone IN ('restored','emptied','kept')), gone_at INTEGER   -- kept: it never went to the trash
) STRICT;
CREATE INDEX trashed_there ON trashed (at) WHERE gone IS NULL;
