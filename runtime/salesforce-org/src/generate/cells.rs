//! The value of every field of a row: the system fields here, the others by object in `people` and `sales`. A field that
//! nobody knows stays null, which a test forbids.

use super::facts::{ACCOUNT, CONTACT, LEAD, TASK, Times, USER, World};
use super::text::{CITIES, long, prose, push};
use super::{people, sales};
use crate::decimal::Decimal;
use crate::id;
use crate::rng::Rng;
use crate::time::{push_date, push_datetime};

/// What the cells of a row are made from.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub object: usize,
    pub slot: u64,
    pub times: Times,
    pub deleted: bool,
    /// Tells later versions of a row apart, so that an update draws other values.
    pub version: u64,
}

impl Facts {
    pub(crate) fn of(world: &World, object: usize, slot: u64) -> Self {
        let (times, deleted) = (world.times(object, slot), world.is_deleted(object, slot));
        Self {
            object,
            slot,
            times,
            deleted,
            version: 0,
        }
    }
}

/// Key prefixes by object number.
const PREFIXES: [&str; super::facts::OBJECTS] = ["005", "001", "003", "00Q", "006", "00k", "01t", "00T", "500", "701"];

/// What a cell is written with: the row, its own random source, and where it goes.
pub(super) struct Cell<'a> {
    pub world: &'a World,
    pub row: &'a Facts,
    pub rng: &'a mut Rng,
    pub out: &'a mut Vec<u8>,
}

impl Cell<'_> {
    pub(super) fn text(&mut self, text: &str) {
        push(self.out, text);
    }

    pub(super) fn flag(&mut self, value: bool) {
        self.text(if value { "true" } else { "false" });
    }

    pub(super) fn reference(&mut self, object: usize, slot: Option<u64>) {
        if let Some(slot) = slot {
            self.out.extend_from_slice(&id::make(PREFIXES[object], slot));
        }
    }

    pub(super) fn int(&mut self, n: i64) {
        self.text(&n.to_string());
    }

    pub(super) fn decimal(&mut self, mantissa: i128, scale: u32) {
        Decimal { mantissa, scale }.push_api(self.out);
    }

    pub(super) fn date(&mut self, ms: i64) {
        push_date(self.out, ms.div_euclid(crate::time::DAY));
    }

    pub(super) fn choice(&mut self, values: &[&str]) {
        let value = self.rng.pick(values);
        self.text(value);
    }

    /// Null in `percent` of the rows: says whether this is one of them.
    pub(super) fn null(&mut self, percent: u64) -> bool {
        self.rng.percent(percent)
    }

    pub(super) fn phone(&mut self) {
        let (a, b, c) = (
            200 + self.rng.below(800),
            100 + self.rng.below(900),
            self.rng.below(10_000),
        );
        let text = match self.rng.below(3) {
            0 => format!("({a}) {b}-{c:04}"),
            1 => format!("+1 {a} {b} {c:04}"),
            _ => format!("+49 {a} {b}{c:04}"),
        };
        self.text(&text);
    }

    /// A skewed amount of money in hundredths: most are small, a few enormous.
    pub(super) fn money(&mut self, most: f64) {
        let u = self.rng.unit();
        let cents = (u * u * u * u * most * 100.0) as i128 + 100;
        self.decimal(cents, 2);
    }

    /// A few words, seldom a long story.
    pub(super) fn description(&mut self) {
        match self.rng.below(100) {
            0..=54 => {}
            55..=96 => {
                let words = 4 + self.rng.below(16);
                prose(self.rng, words, true, self.out);
            }
            _ => {
                let words = 60 + self.rng.below(200);
                prose(self.rng, words, true, self.out);
            }
        }
    }

    /// The parts of an address; they agree because all draw from the same place.
    pub(super) fn address(&mut self, part: &str) {
        let mut place = self
            .world
            .rng(self.row.object, self.row.slot, 7 + (self.row.version << 8));
        if place.one_in(6) {
            return;
        }
        let (city, state, country, latitude, longitude) = CITIES[place.skewed(CITIES.len() as u64) as usize];
        let house = 1 + place.below(9000);
        match part {
            "Street" => {
                let street = place.pick(&[
                    "Market St",
                    "Hauptstraße",
                    "Rue de l'Église",
                    "King's Road",
                    "5th Ave, \"North\"",
                ]);
                self.text(&format!("{house} {street}"));
                if place.one_in(5) {
                    self.text("\r\nFloor 3, Suite 12");
                }
            }
            "City" => self.text(city),
            "State" => self.text(state),
            "Country" => self.text(country),
            "PostalCode" => self.text(&format!("{:05}", place.below(99_999))),
            "Latitude" => self.coordinate(latitude, &mut place),
            "Longitude" => self.coordinate(longitude, &mut place),
            "GeocodeAccuracy" => {
                let accuracy = place.pick(&["Address", "Street", "Zip", "City"]);
                self.text(accuracy);
            }
            _ => {}
        }
    }

    /// Fifteen decimals, more than a double can hold.
    fn coordinate(&mut self, near: f64, place: &mut Rng) {
        let jitter = i128::from(place.below(200_000_000_000_000)) - 100_000_000_000_000;
        self.decimal((near * 10_000.0).round() as i128 * 100_000_000_000 + jitter, 15);
    }

    /// A score with six decimals, some of it beyond a double's precision.
    pub(super) fn score(&mut self) {
        if self.null(25) {
            return;
        }
        let mantissa = if self.rng.one_in(50) {
            i128::from(self.rng.below(999_999_999_999_999_999))
        } else {
            i128::from(self.rng.below(100_000_000)) - 10_000_000
        };
        self.decimal(mantissa, 6);
    }

    /// Null mostly, now and then all the 32,768 characters that fit.
    pub(super) fn notes(&mut self) {
        if self.row.slot % 997 == 13 && self.row.version == 0 {
            long(self.rng, 32_768, self.out);
            return;
        }
        match self.rng.below(1000) {
            0..=749 => {}
            750..=979 => {
                let words = 5 + self.rng.below(20);
                prose(self.rng, words, true, self.out);
            }
            _ => {
                let chars = 200 + self.rng.below(3000) as usize;
                long(self.rng, chars, self.out);
            }
        }
    }
}

/// Writes the value of a field; nothing for null.
pub(crate) fn cell(world: &World, row: &Facts, field: &str, column: u64, out: &mut Vec<u8>) {
    let mut rng = world.rng(row.object, row.slot, 100 + column + (row.version << 8));
    let mut cell = Cell {
        world,
        row,
        rng: &mut rng,
        out,
    };
    if system(&mut cell, field) {
        return;
    }
    match row.object {
        USER => people::user(&mut cell, field),
        CONTACT => people::contact(&mut cell, field),
        LEAD => people::lead(&mut cell, field),
        ACCOUNT => sales::account(&mut cell, field),
        TASK => sales::task(&mut cell, field),
        _ => sales::cell(&mut cell, field),
    }
}

fn system(cell: &mut Cell<'_>, field: &str) -> bool {
    let (world, row) = (cell.world, cell.row);
    match field {
        "Id" => cell.reference(row.object, Some(row.slot)),
        "IsDeleted" => cell.flag(row.deleted),
        "CreatedDate" => push_datetime(cell.out, row.times.created),
        "LastModifiedDate" => push_datetime(cell.out, row.times.modified),
        "SystemModstamp" => push_datetime(cell.out, row.times.stamp),
        "OwnerId" | "CreatedById" | "LastModifiedById" => {
            let user = world.user(cell.rng);
            cell.reference(USER, Some(user));
        }
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::facts::{HISTORY_END_MS, OBJECTS};
    use crate::schema::{Kind, builtin};

    #[test]
    fn every_field_gets_values_that_fit_it() {
        let world = World::new(3, 1100, None);
        let schema = builtin::schema(HISTORY_END_MS);
        for object in 0..OBJECTS {
            for field in schema.objects[object].fields.iter().filter(|f| f.column.is_some()) {
                let (mut filled, mut longest) = (0u32, 0usize);
                for slot in 0..world.rows[object].min(1100) {
                    let mut out = vec![];
                    cell(
                        &world,
                        &Facts::of(&world, object, slot),
                        &field.name,
                        field.column.unwrap() as u64,
                        &mut out,
                    );
                    let text = String::from_utf8(out).unwrap();
                    assert!(
                        field.nillable || !text.is_empty(),
                        "{}.{} is null",
                        schema.objects[object].name,
                        field.name
                    );
                    let problem = crate::check::fits(field, &text);
                    assert!(
                        problem.is_none(),
                        "{}.{}: {text:?} {problem:?}",
                        schema.objects[object].name,
                        field.name
                    );
                    assert_eq!(text.trim_matches([' ', '\r', '\n', '\t']), text);
                    filled += u32::from(!text.is_empty());
                    longest = longest.max(text.chars().count());
                }
                assert!(
                    filled > 0,
                    "{}.{} is never filled",
                    schema.objects[object].name,
                    field.name
                );
                if field.name == "Notes__c" {
                    assert_eq!((field.kind, longest), (Kind::Textarea, 32_768));
                }
            }
        }
    }
}
