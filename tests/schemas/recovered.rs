//! Backup, restore and verify.

use super::outputs::Seen;
use crate::support::{list, run};

impl Seen {
    /// Of a folder that was lived in, forgotten words and all; and of one in which something is wrong.
    pub fn recovered(&mut self) {
        self.run("verify", 0, &["verify", "--data", "out/data"]);
        self.run("backup", 0, &["backup", "whole.tar", "--data", "out/data"]);
        self.run("restore", 0, &["restore", "whole.tar", "--data", "restored"]);
        let again = run(&self.folder, &["restore", "whole.tar", "--data", "restored", "--json"]).exits(2);
        self.error("restore over something", "file-exists", &again);
        let foreign = run(&self.folder, &["restore", "out/report.json", "--data", "other", "--json"]).exits(2);
        self.error("restore of something else", "bad-backup", &foreign);
        let db = rusqlite::Connection::open(self.folder.join("restored/puppet.db")).unwrap();
        db.execute("DELETE FROM journal_rows WHERE seq % 2 = 0", []).unwrap();
        drop(db);
        let told = self.run("verify", 1, &["verify", "--data", "restored"]);
        assert!(list(&told, "rules").iter().any(|rule| !list(rule, "violations").is_empty()), "{told}");
    }
}
