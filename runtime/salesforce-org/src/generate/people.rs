//! Users, contacts and leads.

use super::cells::Cell;
use super::facts::{ACCOUNT, CONTACT, USER};
use super::text::{AWKWARD, FIRST, LAST, company, prose};
use crate::time::{DAY, push_datetime, push_time};

const TITLES: &[&str] = &[
    "CEO",
    "CFO",
    "VP, Sales",
    "Director \"EMEA\"",
    "Buyer",
    "Engineer",
    "Manager",
    "Analyst",
    "Assistant",
];
const DEPARTMENTS: &[&str] = &["Sales", "Finance", "IT", "R&D", "Operations", "Legal"];

/// The first and last name of a row: the same for each field made of them.
fn names(cell: &Cell<'_>) -> (&'static str, &'static str) {
    let mut rng = cell
        .world
        .rng(cell.row.object, cell.row.slot, 8 + (cell.row.version << 8));
    let first = if rng.one_in(15) { "" } else { rng.pick(FIRST) };
    let awkward: Vec<&&str> = AWKWARD.iter().filter(|a| a.chars().count() <= 40).collect();
    let last = if rng.one_in(40) {
        awkward[rng.below(awkward.len() as u64) as usize]
    } else {
        rng.pick(LAST)
    };
    (first, last)
}

/// The fields that make up a person's name; false for any other.
fn name(cell: &mut Cell<'_>, field: &str) -> bool {
    let (first, last) = names(cell);
    match field {
        "FirstName" => cell.text(first),
        "LastName" => cell.text(last),
        "Name" if first.is_empty() => cell.text(last),
        "Name" => cell.text(&format!("{first} {last}")),
        "Salutation" => {
            if !cell.null(30) {
                cell.choice(&["Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."]);
            }
        }
        _ => return false,
    }
    true
}

fn email(cell: &mut Cell<'_>, domain: &str) {
    let (first, _) = names(cell);
    let local: String = first.chars().filter(char::is_ascii_alphabetic).collect();
    let text = format!("{}.{}@{domain}", local.to_lowercase().trim_matches('.'), cell.row.slot);
    cell.text(text.trim_start_matches('.'));
}

pub(super) fn user(cell: &mut Cell<'_>, field: &str) {
    if name(cell, field) {
        return;
    }
    let slot = cell.row.slot;
    match field {
        "Username" if slot == 0 => cell.text(crate::INTEGRATION_USER),
        "Username" => cell.text(&format!("user{slot}@headwater.example")),
        "Email" => cell.text(&format!("user{slot}@example.com")),
        "CompanyName" => cell.text("Headwater Example"),
        "Title" if !cell.null(20) => cell.choice(TITLES),
        "Department" if !cell.null(10) => cell.choice(DEPARTMENTS),
        "Phone" if !cell.null(40) => cell.phone(),
        "Alias" => cell.text(&format!("u{slot}")),
        "TimeZoneSidKey" => cell.choice(&[
            "America/Los_Angeles",
            "America/New_York",
            "Europe/Paris",
            "Europe/London",
            "Asia/Tokyo",
        ]),
        "UserType" => cell.text("Standard"),
        "IsActive" => {
            let active = slot == 0 || !cell.rng.one_in(7);
            cell.flag(active);
        }
        "ManagerId" => {
            let manager = cell.world.senior(USER, slot, cell.rng);
            cell.reference(USER, manager);
        }
        "LastLoginDate" if !cell.null(20) => push_datetime(cell.out, cell.row.times.modified),
        "EmployeeNumber" if !cell.null(10) => cell.text(&format!("{slot:06}")),
        _ => {}
    }
}

pub(super) fn contact(cell: &mut Cell<'_>, field: &str) {
    if name(cell, field) {
        return;
    }
    let slot = cell.row.slot;
    match field {
        "AccountId" => {
            let account = cell.world.parent(CONTACT, slot).map(|(_, slot)| slot);
            cell.reference(ACCOUNT, account);
        }
        "Email" if !cell.null(10) => email(cell, "customer.example"),
        "Phone" | "MobilePhone" if !cell.null(35) => cell.phone(),
        "Title" if !cell.null(25) => cell.choice(TITLES),
        "Department" if !cell.null(50) => cell.choice(DEPARTMENTS),
        "ReportsToId" if cell.rng.percent(15) => {
            let to = cell.world.senior(CONTACT, slot, cell.rng);
            cell.reference(CONTACT, to);
        }
        "Birthdate" if !cell.null(60) => {
            // From 1925 on: well before 1970, where naive epochs end.
            let day = -16_436 + cell.rng.below(29_000).cast_signed();
            cell.date(day * DAY);
        }
        "LeadSource" if !cell.null(30) => {
            cell.choice(&["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"]);
        }
        "HasOptedOutOfEmail" => {
            let out = cell.rng.one_in(9);
            cell.flag(out);
        }
        "Description" => cell.description(),
        "Preferred_Call_Time__c" if !cell.null(70) => {
            let minute = cell.rng.below(24 * 60).cast_signed();
            push_time(cell.out, minute * 60_000);
        }
        "External_Key__c" if !cell.null(5) => external_key(cell, "CON"),
        _ => {
            if let Some(part) = field.strip_prefix("Mailing") {
                cell.address(part);
            }
        }
    }
}

/// Unique: made from the slot.
pub(super) fn external_key(cell: &mut Cell<'_>, what: &str) {
    let key = format!(
        "{what}-{:08}-{:04x}",
        cell.row.slot,
        crate::rng::mix(cell.row.slot, 99) & 0xffff
    );
    cell.text(&key);
}

pub(super) fn lead(cell: &mut Cell<'_>, field: &str) {
    if name(cell, field) {
        return;
    }
    let slot = cell.row.slot;
    let status = |cell: &Cell<'_>| {
        cell.world
            .rng(cell.row.object, slot, 9 + (cell.row.version << 8))
            .below(4)
    };
    let converted = |cell: &Cell<'_>| status(cell) == 2;
    match field {
        "Title" if !cell.null(25) => cell.choice(TITLES),
        "Company" => company(cell.rng, cell.out),
        "City" | "Country" => cell.address(field),
        "Phone" if !cell.null(30) => cell.phone(),
        "Email" if !cell.null(15) => email(cell, "prospect.example"),
        "LeadSource" if !cell.null(10) => {
            cell.choice(&["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"]);
        }
        "Status" => {
            let all = [
                "Open - Not Contacted",
                "Working - Contacted",
                "Closed - Converted",
                "Closed - Not Converted",
            ];
            let at = status(cell) as usize;
            cell.text(all[at]);
        }
        "Rating" if !cell.null(40) => cell.choice(&["Hot", "Warm", "Cold"]),
        "AnnualRevenue" if !cell.null(50) => {
            let n = cell.rng.below(2_000_000_000);
            cell.decimal(i128::from(n), 0);
        }
        "NumberOfEmployees" if !cell.null(40) => {
            let n = cell.rng.skewed(90_000) + 1;
            cell.int(n.cast_signed());
        }
        "IsConverted" => {
            let is = converted(cell);
            cell.flag(is);
        }
        "ConvertedDate" if converted(cell) => cell.date(cell.row.times.modified),
        "ConvertedAccountId" if converted(cell) => {
            let account = cell.world.other(ACCOUNT, cell.row.object, slot, 10);
            cell.reference(ACCOUNT, account);
        }
        "Score__c" => cell.score(),
        "Description" => prose(cell.rng, 8, true, cell.out),
        _ => {}
    }
}
