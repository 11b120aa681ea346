-- What a journal of version 7 held. Written by its own code; not to be changed.
BEGIN TRANSACTION;
CREATE TABLE contents (
    source_key TEXT NOT NULL,
    identity TEXT NOT NULL,
    file_id INTEGER NOT NULL,
    PRIMARY KEY (source_key, identity)
) WITHOUT ROWID;
INSERT INTO "contents" VALUES('source-1','0000000000000000000000000000000000000000000000000000000000000001',1);
INSERT INTO "contents" VALUES('source-1','0000000000000000000000000000000000000000000000000000000000000002',2);
INSERT INTO "contents" VALUES('source-1','0000000000000000000000000000000000000000000000000000000000000003',3);
INSERT INTO "contents" VALUES('source-1','0000000000000000000000000000000000000000000000000000000000000004',4);
INSERT INTO "contents" VALUES('source-1','0000000000000000000000000000000000000000000000000000000000000005',5);
INSERT INTO "contents" VALUES('source-1','0000000000000000000000000000000000000000000000000000000000000006',6);
INSERT INTO "contents" VALUES('source-1','0000000000000000000000000000000000000000000000000000000000000007',7);
CREATE TABLE counts (state TEXT PRIMARY KEY, files INTEGER NOT NULL);
INSERT INTO "counts" VALUES('noticed',1);
INSERT INTO "counts" VALUES('queued',0);
INSERT INTO "counts" VALUES('uploading',1);
INSERT INTO "counts" VALUES('accepted',1);
INSERT INTO "counts" VALUES('parsed',1);
INSERT INTO "counts" VALUES('refused',1);
INSERT INTO "counts" VALUES('waiting',0);
INSERT INTO "counts" VALUES('held',2);
INSERT INTO "counts" VALUES('parse_failed',1);
INSERT INTO "counts" VALUES('ignored',1);
CREATE TABLE days (day TEXT PRIMARY KEY, arrived INTEGER NOT NULL);
INSERT INTO "days" VALUES('2026-09-21',3);
CREATE TABLE directories (
    id INTEGER PRIMARY KEY,
    folder_id INTEGER NOT NULL REFERENCES folders (id),
    path BLOB NOT NULL,
    UNIQUE (folder_id, path)
);
INSERT INTO "directories" VALUES(1,1,X'');
INSERT INTO "directories" VALUES(2,1,X'706172736564');
CREATE TABLE early_events (
    digest BLOB PRIMARY KEY,
    reference TEXT NOT NULL,
    source_key TEXT NOT NULL,           -- "" where the event does not say
    kind TEXT NOT NULL,
    profile_key TEXT NOT NULL,
    message TEXT NOT NULL,
    heard_at REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO "early_events" VALUES(X'01FF','ref-9','source-1','profile.parsing.success','key-9','',1790000000.0);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    file_id INTEGER NOT NULL,
    at REAL NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL DEFAULT ''
);
INSERT INTO "events" VALUES(1,1,1790000000.0,'noticed','');
INSERT INTO "events" VALUES(2,1,1790000000.0,'queued','');
INSERT INTO "events" VALUES(3,1,1790000001.0,'uploading','');
INSERT INTO "events" VALUES(4,1,1790000002.0,'accepted','sent to the Parsing Queue');
INSERT INTO "events" VALUES(5,2,1790000000.0,'noticed','');
INSERT INTO "events" VALUES(6,2,1790000000.0,'queued','');
INSERT INTO "events" VALUES(7,2,1790000001.0,'uploading','');
INSERT INTO "events" VALUES(8,2,1790000002.0,'parsed','parsed');
INSERT INTO "events" VALUES(9,3,1790000000.0,'noticed','');
INSERT INTO "events" VALUES(10,3,1790000000.0,'queued','');
INSERT INTO "events" VALUES(11,3,1790000001.0,'uploading','');
INSERT INTO "events" VALUES(12,3,1790000002.0,'refused','is empty');
INSERT INTO "events" VALUES(13,4,1790000000.0,'noticed','');
INSERT INTO "events" VALUES(14,4,1790000000.0,'queued','');
INSERT INTO "events" VALUES(15,4,1790000001.0,'uploading','');
INSERT INTO "events" VALUES(16,4,1790000002.0,'waiting','the network is away');
INSERT INTO "events" VALUES(17,5,1790000000.0,'noticed','');
INSERT INTO "events" VALUES(18,5,1790000000.0,'held','key');
INSERT INTO "events" VALUES(19,6,1790000000.0,'noticed','');
INSERT INTO "events" VALUES(20,6,1790000000.0,'queued','');
INSERT INTO "events" VALUES(21,6,1790000001.0,'uploading','');
INSERT INTO "events" VALUES(22,7,1790000000.0,'noticed','');
INSERT INTO "events" VALUES(23,7,1790000000.0,'queued','');
INSERT INTO "events" VALUES(24,7,1790000001.0,'uploading','');
INSERT INTO "events" VALUES(25,7,1790000002.0,'accepted','');
INSERT INTO "events" VALUES(26,7,1790000003.0,'parse_failed','no text in it');
INSERT INTO "events" VALUES(27,8,1790000000.0,'noticed','');
INSERT INTO "events" VALUES(28,9,1790000000.0,'noticed','');
INSERT INTO "events" VALUES(29,9,1790000000.0,'ignored','*.tmp');
CREATE TABLE facts (name TEXT PRIMARY KEY, value REAL NOT NULL);
INSERT INTO "facts" VALUES('paused_until',0.0);
CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- a fingerprint outlives its file: no id comes twice
    directory_id INTEGER NOT NULL REFERENCES directories (id),
    name BLOB NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL DEFAULT '',
    cause TEXT NOT NULL DEFAULT '',     -- key of the hold that keeps it
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    device INTEGER NOT NULL DEFAULT 0,
    inode INTEGER NOT NULL DEFAULT 0,
    noticed_at REAL NOT NULL,
    changed_at REAL NOT NULL,
    arrived_at REAL NOT NULL DEFAULT 0,
    due_at REAL NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    in_doubt_since REAL NOT NULL DEFAULT 0,  -- when what is uncertain was sent
    media_type TEXT NOT NULL DEFAULT '',
    file_name TEXT NOT NULL DEFAULT '',
    sha256 TEXT NOT NULL DEFAULT '',
    account TEXT NOT NULL DEFAULT '',
    source_key TEXT NOT NULL DEFAULT '',
    reference TEXT NOT NULL DEFAULT '',
    fields TEXT NOT NULL DEFAULT '[]',
    duplicate_of INTEGER,
    profile_key TEXT NOT NULL DEFAULT '',
    profile_name TEXT NOT NULL DEFAULT '',
    profile_email TEXT NOT NULL DEFAULT '',
    filing TEXT NOT NULL DEFAULT '',    -- '', 'pending' or 'failed'
    filing_why TEXT NOT NULL DEFAULT '',  -- why it could not be filed away so far
    filed_to BLOB NOT NULL DEFAULT x''
, parsed_at REAL NOT NULL DEFAULT 0, pages INTEGER NOT NULL DEFAULT 0, total_pages INTEGER NOT NULL DEFAULT 0, probable INTEGER NOT NULL DEFAULT 0, resends INTEGER NOT NULL DEFAULT 0, filing_target BLOB NOT NULL DEFAULT x'');
INSERT INTO "files" VALUES(1,1,X'61636365707465642E706466','accepted','sent to the Parsing Queue','',10,20,30,-1,1790000000.0,1790000002.0,1790000002.0,0.0,1,1790000001.0,'application/pdf','accepted.pdf','0000000000000000000000000000000000000000000000000000000000000001','default','source-1','0000000000000000000000000000000000000000000000000000000000000001','[["source_key","source-1"],["reference","0000000000000000000000000000000000000000000000000000000000000001"],["tags","[]"]]',NULL,'','','','','',X'',0.0,0,0,0,0,X'2F73656E742F323032362D31312D3238');
INSERT INTO "files" VALUES(2,2,X'5A6FC3AB2E706466','parsed','parsed','',10,20,30,-1,1790000000.0,1790000002.0,1790000002.0,0.0,1,1790000001.0,'application/pdf','parsed/Zoë.pdf','0000000000000000000000000000000000000000000000000000000000000002','default','source-1','0000000000000000000000000000000000000000000000000000000000000002','[["source_key","source-1"],["reference","0000000000000000000000000000000000000000000000000000000000000002"],["tags","[]"]]',NULL,'key-2','Zoë Quimby','zoe@example.org','','',X'',1790000002.0,2,3,1,1,X'');
INSERT INTO "files" VALUES(3,1,X'726566757365642E706466','refused','is empty','',10,20,30,-1,1790000000.0,1790000002.0,0.0,0.0,1,1790000001.0,'application/pdf','refused.pdf','0000000000000000000000000000000000000000000000000000000000000003','default','source-1','0000000000000000000000000000000000000000000000000000000000000003','[["source_key","source-1"],["reference","0000000000000000000000000000000000000000000000000000000000000003"],["tags","[]"]]',NULL,'','','','','',X'',0.0,0,0,0,0,X'');
INSERT INTO "files" VALUES(4,1,X'77616974696E672E706466','held','key','account:default',10,20,30,-1,1790000000.0,1790000000.0,0.0,1790000099.0,1,1790000001.0,'application/pdf','waiting.pdf','0000000000000000000000000000000000000000000000000000000000000004','default','source-1','0000000000000000000000000000000000000000000000000000000000000004','[["source_key","source-1"],["reference","0000000000000000000000000000000000000000000000000000000000000004"],["tags","[]"]]',NULL,'','','','','',X'',0.0,0,0,0,0,X'');
INSERT INTO "files" VALUES(5,1,X'68656C642E706466','held','key','account:default',10,20,30,-1,1790000000.0,1790000000.0,0.0,0.0,0,0.0,'application/pdf','held.pdf','0000000000000000000000000000000000000000000000000000000000000005','default','source-1','0000000000000000000000000000000000000000000000000000000000000005','[["source_key","source-1"],["reference","0000000000000000000000000000000000000000000000000000000000000005"],["tags","[]"]]',NULL,'','','','','',X'',0.0,0,0,0,0,X'');
INSERT INTO "files" VALUES(6,1,X'75706C6F6164696E672E706466','uploading','','',10,20,30,-1,1790000000.0,1790000001.0,0.0,0.0,1,1790000001.0,'application/pdf','uploading.pdf','0000000000000000000000000000000000000000000000000000000000000006','default','source-1','0000000000000000000000000000000000000000000000000000000000000006','[["source_key","source-1"],["reference","0000000000000000000000000000000000000000000000000000000000000006"],["tags","[]"]]',NULL,'','','','','',X'',0.0,0,0,0,0,X'');
INSERT INTO "files" VALUES(7,1,X'6661696C65642E706466','parse_failed','no text in it','',10,20,30,-1,1790000000.0,1790000003.0,1790000002.0,0.0,1,1790000001.0,'application/pdf','failed.pdf','0000000000000000000000000000000000000000000000000000000000000007','default','source-1','0000000000000000000000000000000000000000000000000000000000000007','[["source_key","source-1"],["reference","0000000000000000000000000000000000000000000000000000000000000007"],["tags","[]"]]',NULL,'','','','','',X'',0.0,0,0,0,0,X'');
INSERT INTO "files" VALUES(8,1,X'6E6F7469636564FF2E706466','noticed','','',10,20,30,-1,1790000000.0,1790000000.0,0.0,1790000000.0,0,0.0,'','','','','','','[]',NULL,'','','','','',X'',0.0,0,0,0,0,X'');
INSERT INTO "files" VALUES(9,1,X'69676E6F7265642E746D70','ignored','*.tmp','',10,20,30,-1,1790000000.0,1790000000.0,0.0,0.0,0,0.0,'','','','','','','[]',NULL,'','','','','',X'',0.0,0,0,0,0,X'');
CREATE TABLE folders (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,
    settings TEXT NOT NULL DEFAULT '',  -- fingerprint of what routing depends on
    scanned_at REAL NOT NULL DEFAULT 0  -- 0: the first walk has not ended yet
, imported TEXT NOT NULL DEFAULT '', approved_until REAL NOT NULL DEFAULT 0);
INSERT INTO "folders" VALUES(1,X'2F7372762F637673','',1790000000.0,'{"path":"/home/jane/cvs"}',0.0);
CREATE TABLE follow_ups (
    file_id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    source_key TEXT NOT NULL,
    reference TEXT NOT NULL,
    since REAL NOT NULL,                -- when it had arrived
    due_at REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    told_key TEXT NOT NULL DEFAULT ''   -- the profile's key, as the webhook has told it
);
INSERT INTO "follow_ups" VALUES(1,'default','source-1','ref-1',1790000002.0,1790000007.0,2,'');
CREATE TABLE holds (
    key TEXT PRIMARY KEY,
    cause TEXT NOT NULL,
    account TEXT NOT NULL,
    source_key TEXT NOT NULL DEFAULT '',
    why TEXT NOT NULL,
    since REAL NOT NULL,
    due_at REAL NOT NULL,
    attempt INTEGER NOT NULL
);
INSERT INTO "holds" VALUES('account:default','account','default','','key',1790000000.0,1790000900.0,1);
CREATE TABLE hooks (
    file_id INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (file_id, event)
) WITHOUT ROWID;
INSERT INTO "hooks" VALUES(2,'parsed');
CREATE TABLE months (
    month TEXT NOT NULL,
    account TEXT NOT NULL,
    uploads INTEGER NOT NULL DEFAULT 0,
    approved INTEGER NOT NULL DEFAULT 0,  -- uploads above the monthly limit
    PRIMARY KEY (month, account)
) WITHOUT ROWID;
INSERT INTO "months" VALUES('2026-09','default',3,0);
CREATE TABLE names (
    directory_id INTEGER NOT NULL REFERENCES directories (id),
    name BLOB NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    file_id INTEGER NOT NULL,
    PRIMARY KEY (directory_id, name)
) WITHOUT ROWID;
INSERT INTO "names" VALUES(1,X'61636365707465642E706466',10,20,1);
INSERT INTO "names" VALUES(1,X'6661696C65642E706466',10,20,7);
INSERT INTO "names" VALUES(1,X'68656C642E706466',10,20,5);
INSERT INTO "names" VALUES(1,X'69676E6F7265642E746D70',10,20,9);
INSERT INTO "names" VALUES(1,X'6E6F7469636564FF2E706466',10,20,8);
INSERT INTO "names" VALUES(1,X'726566757365642E706466',10,20,3);
INSERT INTO "names" VALUES(1,X'75706C6F6164696E672E706466',10,20,6);
INSERT INTO "names" VALUES(1,X'77616974696E672E706466',10,20,4);
INSERT INTO "names" VALUES(2,X'5A6FC3AB2E706466',10,20,2);
CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL NOT NULL DEFAULT 0    -- 0: is under way, or was when the program ended
);
INSERT INTO "requests" VALUES(1,'default',1790000000.0,0.0);
CREATE TABLE sources (
    account TEXT NOT NULL,
    source_key TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    sync_parsing INTEGER,
    asked_at REAL NOT NULL,
    PRIMARY KEY (account, source_key)
) WITHOUT ROWID;
INSERT INTO "sources" VALUES('default','source-1','Engineering',0,1790000000.0);
CREATE TABLE webhook_events (digest BLOB PRIMARY KEY, heard_at REAL NOT NULL) WITHOUT ROWID;
INSERT INTO "webhook_events" VALUES(X'00FF',1790000000.0);
CREATE INDEX files_to_do ON files (account, due_at) WHERE state IN ('queued', 'waiting');
CREATE INDEX files_due ON files (due_at) WHERE state IN ('queued', 'waiting');
CREATE INDEX files_unread ON files (due_at) WHERE state = 'noticed';
CREATE INDEX files_in_doubt ON files (account, due_at)
    WHERE state IN ('uploading', 'uncertain');
CREATE INDEX files_held ON files (cause) WHERE cause <> '';
CREATE INDEX files_filing ON files (id) WHERE filing = 'pending';
CREATE INDEX files_copies ON files (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX files_changed ON files (changed_at);
CREATE INDEX files_attention ON files (changed_at) WHERE state IN ('refused', 'parse_failed');
CREATE INDEX contents_file ON contents (file_id);
CREATE INDEX events_file ON events (file_id);
CREATE INDEX requests_started ON requests (started_at);
CREATE TRIGGER files_added AFTER INSERT ON files BEGIN
    INSERT INTO counts VALUES (new.state, 1)
        ON CONFLICT (state) DO UPDATE SET files = files + 1;
END;
CREATE TRIGGER files_deleted AFTER DELETE ON files BEGIN
    UPDATE counts SET files = files - 1 WHERE state = old.state;
END;
CREATE TRIGGER files_stepped AFTER UPDATE OF state ON files WHEN old.state <> new.state BEGIN
    UPDATE counts SET files = files - 1 WHERE state = old.state;
    INSERT INTO counts VALUES (new.state, 1)
        ON CONFLICT (state) DO UPDATE SET files = files + 1;
END;
CREATE INDEX files_profile ON files (profile_key) WHERE profile_key <> '';
CREATE INDEX follow_ups_due ON follow_ups (account, due_at);
CREATE INDEX follow_ups_reference ON follow_ups (reference);
CREATE INDEX webhook_events_heard ON webhook_events (heard_at);
CREATE INDEX files_inodes ON files (inode) WHERE inode <> 0;
CREATE INDEX early_events_reference ON early_events (reference);
CREATE INDEX early_events_heard ON early_events (heard_at);
CREATE INDEX files_opened ON files (id) WHERE state = 'ignored' AND (substr(why, 1, 70) = '{"id":"This file contains no document that can be uploaded.{left_out}"' OR substr(why, 1, 78) = '{"id":"This file contains 1 document, which is uploaded separately.{left_out}"');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('files',9);
COMMIT;
PRAGMA user_version = 7;
