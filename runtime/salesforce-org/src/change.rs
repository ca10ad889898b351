//! Changing rows: insert, update, delete with what hangs on it, undelete. One change after the other, each durable before
//! the next, every row stamped by the org's clock. What is allowed to a client is checked by `http::write`.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Arc, MutexGuard};

use crate::cdc::ChangeType;
use crate::cdc::journal;
use crate::cdc::transaction::{Transaction, Versions};
use crate::id;
use crate::references::References;
use crate::schema::{Kind, Object, Schema};
use crate::store::Org;
use crate::store::row::{Layout, Row};
use crate::store::table::Entry;
use crate::time;

/// The right to change rows, held for a transaction.
pub(crate) struct Changer<'a> {
    org: &'a Org,
    pub schema: Arc<Schema>,
    _alone: MutexGuard<'a, i64>,
    /// The stamp of everything in this transaction, or the clock's time for each change.
    pub tie: Option<i64>,
    /// Changes get their stamp now and become visible so much later.
    pub late_ms: Option<i64>,
    /// What the changes came through, as their events say.
    pub origin: String,
    user: String,
    /// What was changed since the last commit.
    changed: RefCell<Transaction>,
}

/// Object and slot of rows that were changed.
pub(crate) type Touched = Vec<(usize, u64)>;

impl<'a> Changer<'a> {
    pub(crate) fn new(org: &'a Org) -> Self {
        let alone = org.writing();
        let user = id::make_string("005", 0);
        Self {
            org,
            schema: org.schema(),
            _alone: alone,
            tie: None,
            late_ms: None,
            user,
            origin: "com/salesforce/core".into(),
            changed: RefCell::default(),
        }
    }

    /// Ends a transaction: its change events are published. What is not committed by the end is then.
    pub(crate) fn commit(&self) -> std::io::Result<()> {
        let mut transaction = self.changed.take();
        if transaction.is_empty() {
            return Ok(());
        }
        transaction.user.clone_from(&self.user);
        transaction.origin.clone_from(&self.origin);
        let now = self.org.clock.now();
        let visible = self.late_ms.map(|late| now + late);
        self.org.cdc.commit(&self.schema, transaction, now, visible)?;
        self.org.cdc.journal.clear()
    }

    /// Publishes what was changed and not told when the org was ended by force.
    pub(crate) fn recover(org: &'a Org) -> std::io::Result<()> {
        let unfinished = org.cdc.unfinished();
        let changer = Self::new(org);
        let last = unfinished.len().saturating_sub(1);
        for (number, entry) in unfinished.into_iter().enumerate() {
            let Some(object) = changer.schema.objects.get(entry.object) else {
                continue;
            };
            // Every row was written before the next one was noted; of the last it must be seen.
            let stored = org.table(entry.object).entry(entry.slot);
            let written = match stored {
                Some(stored) => org.reader(entry.object).row(stored.location)? == entry.after,
                None => false,
            };
            let id = id::make_string(&object.prefix, entry.slot);
            if (number == last && !written) || org.cdc.log.tells(entry.events, entry.object as u16, id.as_bytes())? {
                continue;
            }
            let before = entry.before.map(|bytes| Row::decode(&bytes, object.columns));
            let after = Row::decode(&entry.after, object.columns);
            let versions = Versions {
                before: before.as_ref(),
                after: &after,
                by_user: entry.by_user,
            };
            tracing::info!(object = object.name, "a change that was not told is told now");
            changer.capture(entry.object, entry.slot, entry.kind, &versions);
        }
        changer.commit()?;
        org.cdc.journal.clear()
    }

    fn capture(&self, number: usize, slot: u64, kind: ChangeType, versions: &Versions<'_>) {
        if self.org.cdc.captures(&self.object(number).name) {
            let mut changed = self.changed.borrow_mut();
            changed.note(&self.schema, number, slot, kind, versions);
        }
    }

    /// Salesforce stamps with whole seconds, so that rows changed together often share a stamp.
    pub(crate) fn stamp(&self) -> i64 {
        self.tie.unwrap_or_else(|| self.org.clock.now().div_euclid(1000) * 1000)
    }

    fn object(&self, number: usize) -> &Object {
        &self.schema.objects[number]
    }

    /// The newest visible version of a row, with the defaults of fields that are younger than it.
    pub(crate) fn read(&self, number: usize, slot: u64) -> std::io::Result<Option<(Row, bool)>> {
        let Some(entry) = self.org.table(number).entry(slot) else {
            return Ok(None);
        };
        let mut reader = self.org.reader(number);
        let bytes = reader.row(entry.location)?;
        let object = self.object(number);
        let mut layout = Layout::default();
        layout.parse(bytes);
        let mut row = Row::decode(bytes, object.columns);
        for field in &object.fields {
            if let Some(column) = field.column.filter(|&c| !layout.has(c)) {
                row.cells[column] = field.default.clone().unwrap_or_default();
            }
        }
        Ok(Some((row, entry.location.is_deleted())))
    }

    fn set(&self, row: &mut Row, number: usize, name: &str, value: &str) {
        if let Some(column) = self.object(number).column(name) {
            row.cells[column] = value.to_owned();
        }
    }

    fn write(
        &self,
        number: usize,
        slot: u64,
        row: &mut Row,
        kind: ChangeType,
        before: Option<&Row>,
        by_user: bool,
    ) -> std::io::Result<()> {
        let deleted = kind == ChangeType::Delete;
        let stamp = self.stamp();
        let text = time::datetime(stamp);
        self.set(row, number, "SystemModstamp", &text);
        if by_user {
            self.set(row, number, "LastModifiedDate", &text);
            self.set(row, number, "LastModifiedById", &self.user);
        }
        self.set(row, number, "IsDeleted", if deleted { "true" } else { "false" });
        self.compose_name(row, number);
        let mut bytes = vec![];
        row.encode(&mut bytes);
        let cdc = &self.org.cdc;
        if cdc.captures(&self.object(number).name) {
            let encoded = |row: &Row| {
                let mut bytes = vec![];
                row.encode(&mut bytes);
                bytes
            };
            cdc.journal.note(&journal::Entry {
                events: *cdc.log.count().borrow(),
                object: number,
                slot,
                kind,
                by_user,
                before: before.map(encoded),
                after: bytes.clone(),
            })?;
        }
        let visible = self.late_ms.map(|late| self.org.clock.now() + late);
        self.org
            .table_mut(number)
            .write(slot, &bytes, deleted, stamp, visible)?;
        if let Some(references) = &mut *self.org.references() {
            references.note(&self.schema, number, slot, row);
        }
        let versions = Versions {
            before,
            after: row,
            by_user,
        };
        self.capture(number, slot, kind, &versions);
        Ok(())
    }

    /// A person's full name follows from its parts.
    fn compose_name(&self, row: &mut Row, number: usize) {
        let object = self.object(number);
        let (Some(first), Some(last)) = (object.column("FirstName"), object.column("LastName")) else {
            return;
        };
        let name = format!("{} {}", row.cells[first], row.cells[last]);
        self.set(row, number, "Name", name.trim());
    }

    /// The slot that the next new row will get.
    pub(crate) fn next_slot(&self, number: usize) -> u64 {
        self.org.table(number).slots()
    }

    /// A new row; `cells` by column, the system's fields are set here.
    pub(crate) fn insert(&self, number: usize, mut row: Row) -> std::io::Result<u64> {
        let slot = self.next_slot(number);
        let object = self.object(number);
        row.cells.resize(object.columns, String::new());
        for field in &object.fields {
            if let (Some(column), Some(default)) = (field.column, &field.default)
                && row.cells[column].is_empty()
            {
                row.cells[column].clone_from(default);
            }
        }
        self.set(&mut row, number, "Id", &id::make_string(&object.prefix, slot));
        self.set(&mut row, number, "CreatedDate", &time::datetime(self.stamp()));
        self.set(&mut row, number, "CreatedById", &self.user);
        if object.column("OwnerId").is_some_and(|c| row.cells[c].is_empty()) {
            self.set(&mut row, number, "OwnerId", &self.user);
        }
        self.write(number, slot, &mut row, ChangeType::Create, None, true)?;
        Ok(slot)
    }

    /// Sets cells of a row; false when the row is not there.
    pub(crate) fn update(&self, number: usize, slot: u64, cells: &[(usize, String)]) -> std::io::Result<bool> {
        let Some((mut row, false)) = self.read(number, slot)? else {
            return Ok(false);
        };
        let before = row.clone();
        for (column, value) in cells {
            row.cells[*column].clone_from(value);
        }
        self.write(number, slot, &mut row, ChangeType::Update, Some(&before), true)?;
        Ok(true)
    }

    /// Deletes rows, and with them those that belong to them; other references to them become null.
    pub(crate) fn delete(&self, number: usize, slots: &[u64]) -> std::io::Result<Touched> {
        let mut touched = vec![];
        let mut queue = vec![(number, slots.to_vec())];
        while let Some((number, slots)) = queue.pop() {
            let mut gone = HashSet::new();
            for slot in slots {
                let Some((mut row, false)) = self.read(number, slot)? else {
                    continue;
                };
                gone.insert(id::make_string(&self.object(number).prefix, slot));
                self.write(number, slot, &mut row, ChangeType::Delete, None, true)?;
                touched.push((number, slot));
            }
            if gone.is_empty() {
                continue;
            }
            for child in 0..self.schema.objects.len() {
                let below = self.release(child, number, &gone, &mut touched)?;
                if !below.is_empty() {
                    queue.push((child, below));
                }
            }
        }
        Ok(touched)
    }

    /// Clears the references that rows of `child` have to rows that are gone; returns those that must go with them.
    fn release(
        &self,
        child: usize,
        parent: usize,
        gone: &HashSet<String>,
        touched: &mut Touched,
    ) -> std::io::Result<Vec<u64>> {
        let name = &self.object(parent).name;
        let fields: Vec<_> = self
            .object(child)
            .fields
            .iter()
            .filter(|f| f.reference_to.contains(name))
            .collect();
        if fields.is_empty() {
            return Ok(vec![]);
        }
        let live = self.live(child, gone)?;
        let (mut with_it, mut cleared) = (vec![], vec![]);
        let mut reader = self.org.reader(child);
        let mut layout = Layout::default();
        for (slot, entry) in live {
            let bytes = reader.row(entry.location)?;
            layout.parse(bytes);
            let hit = |f: &&&crate::schema::Field| {
                let cell = f.column.map_or(&b""[..], |c| layout.cell(bytes, c));
                !cell.is_empty() && std::str::from_utf8(cell).is_ok_and(|id| gone.contains(id))
            };
            let hits: Vec<_> = fields.iter().filter(hit).collect();
            if hits.iter().any(|f| f.cascade || !f.nillable) {
                with_it.push(slot);
            } else if !hits.is_empty() {
                cleared.push((slot, hits.iter().filter_map(|f| f.column).collect::<Vec<_>>()));
            }
        }
        for (slot, columns) in cleared {
            let Some((mut row, false)) = self.read(child, slot)? else {
                continue;
            };
            let before = row.clone();
            for column in columns {
                row.cells[column].clear();
            }
            // The platform did this, not a user: only SystemModstamp moves.
            self.write(child, slot, &mut row, ChangeType::Update, Some(&before), false)?;
            touched.push((child, slot));
        }
        Ok(with_it)
    }

    /// The live rows of `child` that may refer to rows that are gone.
    fn live(&self, child: usize, gone: &HashSet<String>) -> std::io::Result<Vec<(u64, Entry)>> {
        let mut references = self.org.references();
        if references.is_none() {
            *references = References::of(self.org, &self.schema)?;
        }
        let table = self.org.table(child);
        let live = |(_, entry): &(u64, Entry)| !entry.location.is_deleted();
        Ok(match &*references {
            Some(references) => {
                let slots = references.to(child, gone).into_iter();
                slots
                    .filter_map(|slot| Some((slot, table.entry(slot)?)))
                    .filter(live)
                    .collect()
            }
            None => table.entries().filter(live).collect(),
        })
    }

    /// Brings a deleted row back; references to rows that are still deleted become null. False when it cannot be.
    pub(crate) fn undelete(&self, number: usize, slot: u64) -> std::io::Result<bool> {
        let Some((mut row, true)) = self.read(number, slot)? else {
            return Ok(false);
        };
        for field in self.object(number).fields.iter().filter(|f| f.kind == Kind::Reference) {
            let Some(column) = field.column else { continue };
            if row.cells[column].is_empty() || self.is_live(row.cells[column].as_bytes()) {
                continue;
            }
            if !field.nillable {
                return Ok(false);
            }
            row.cells[column].clear();
        }
        self.write(number, slot, &mut row, ChangeType::Undelete, None, true)?;
        Ok(true)
    }

    /// Whether an id is that of a record that is there and not deleted.
    pub(crate) fn is_live(&self, id: &[u8]) -> bool {
        let Some(object) = self.schema.by_id(id) else {
            return false;
        };
        let Some(slot) = id::slot(&self.object(object).prefix, id) else {
            return false;
        };
        self.org
            .table(object)
            .entry(slot)
            .is_some_and(|e| !e.location.is_deleted())
    }

    /// Removes deleted rows for good.
    pub(crate) fn purge(&self, number: usize, before_ms: i64) -> std::io::Result<u64> {
        let gone: Vec<u64> = {
            let table = self.org.table(number);
            let due = table
                .entries()
                .filter(|(_, e)| e.location.is_deleted() && e.stamp < before_ms);
            due.map(|(slot, _)| slot).collect()
        };
        let mut table = self.org.table_mut(number);
        for slot in &gone {
            table.purge(*slot, self.stamp())?;
        }
        Ok(gone.len() as u64)
    }
}

impl Drop for Changer<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.commit() {
            tracing::error!(%error, "change events were not published");
        }
    }
}
