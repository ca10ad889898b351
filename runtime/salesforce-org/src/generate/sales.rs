//! Accounts, opportunities and their lines, products, campaigns, tasks and cases.

use super::STAGES;
use super::cells::Cell;
use super::facts::{ACCOUNT, CAMPAIGN, CASE, CONTACT, LEAD, LINE_ITEM, OPPORTUNITY, PRODUCT, TASK};
use super::people::external_key;
use super::text::{AWKWARD, company, prose, word};
use crate::time::{DAY, SECOND, push_datetime, push_time};

pub(super) fn cell(cell: &mut Cell<'_>, field: &str) {
    match cell.row.object {
        OPPORTUNITY => opportunity(cell, field),
        LINE_ITEM => line_item(cell, field),
        PRODUCT => product(cell, field),
        CASE => case(cell, field),
        CAMPAIGN => campaign(cell, field),
        _ => {}
    }
}

fn parent(cell: &mut Cell<'_>) {
    if let Some((object, slot)) = cell.world.parent(cell.row.object, cell.row.slot) {
        cell.reference(object, Some(slot));
    }
}

pub(super) fn account(cell: &mut Cell<'_>, field: &str) {
    let slot = cell.row.slot;
    match field {
        "Name" if cell.rng.one_in(35) => cell.choice(AWKWARD),
        "Name" => company(cell.rng, cell.out),
        "Type" if !cell.null(10) => {
            cell.choice(&[
                "Prospect",
                "Customer - Direct",
                "Customer - Channel",
                "Channel Partner / Reseller",
                "Other",
            ]);
        }
        "ParentId" if cell.rng.percent(12) => {
            let parent = cell.world.senior(ACCOUNT, slot, cell.rng);
            cell.reference(ACCOUNT, parent);
        }
        "Phone" if !cell.null(20) => cell.phone(),
        "Website" if !cell.null(30) => {
            let text = format!("https://www.{}-{slot}.example/?a=1&b=%20", word(cell.rng));
            cell.text(&text);
        }
        "Industry" if !cell.null(15) => {
            cell.choice(&[
                "Agriculture",
                "Banking",
                "Biotechnology",
                "Energy",
                "Healthcare",
                "Manufacturing",
                "Retail",
                "Technology",
            ]);
        }
        "AnnualRevenue" if !cell.null(25) => {
            let u = cell.rng.unit();
            cell.decimal((u * u * u * 9.0e10) as i128, 0);
        }
        "NumberOfEmployees" if !cell.null(20) => {
            let n = cell.rng.skewed(400_000) + 1;
            cell.int(n.cast_signed());
        }
        "Description" => cell.description(),
        "Rating" if !cell.null(45) => cell.choice(&["Hot", "Warm", "Cold"]),
        "AccountNumber" if !cell.null(15) => cell.text(&format!("{:010}", slot * 7 + 3)),
        "LastActivityDate" if !cell.null(40) => cell.date(cell.row.times.modified),
        "External_Key__c" if !cell.null(3) => external_key(cell, "ACC"),
        "Region__c" if !cell.null(8) => cell.choice(&["AMER", "EMEA", "APAC", "LATAM"]),
        "Annual_Contract_Value__c" if !cell.null(30) => {
            if cell.rng.one_in(40) {
                // As many digits as the field has: no double holds them.
                let n = 1_000_000_000_000_000 + cell.rng.below(998_999_999_999_999_999);
                let sign = if cell.rng.one_in(2) { -1 } else { 1 };
                cell.decimal(sign * i128::from(n), 2);
            } else {
                cell.money(30_000_000.0);
            }
        }
        "Score__c" => cell.score(),
        "Interests__c" if !cell.null(35) => {
            let all = ["Analytics", "Cloud", "Data Lakes", "Hardware", "R&D", "Security"];
            let chosen = 1 + cell.rng.below(63);
            let picked: Vec<&str> = all
                .iter()
                .enumerate()
                .filter(|(i, _)| chosen >> i & 1 == 1)
                .map(|(_, v)| *v)
                .collect();
            cell.text(&picked.join(";"));
        }
        "Founded__c" if !cell.null(30) => {
            // 1840 to 2020.
            let day = -47_482 + cell.rng.below(65_700).cast_signed();
            cell.date(day * DAY);
        }
        "Support_Opens__c" if !cell.null(50) => {
            let quarter = cell.rng.below(96).cast_signed();
            push_time(cell.out, quarter * 900 * SECOND);
        }
        "Is_Strategic__c" => {
            let strategic = cell.rng.one_in(11);
            cell.flag(strategic);
        }
        "Churn_Risk__c" if !cell.null(40) => {
            let n = cell.rng.below(10_001);
            cell.decimal(i128::from(n), 2);
        }
        "Notes__c" => cell.notes(),
        _ => {
            if let Some(part) = field.strip_prefix("Billing") {
                cell.address(part);
            }
        }
    }
}

/// The stage decides on several fields.
fn stage(cell: &Cell<'_>) -> usize {
    cell.world
        .rng(cell.row.object, cell.row.slot, 9 + (cell.row.version << 8))
        .below(STAGES.len() as u64) as usize
}

fn amount(cell: &Cell<'_>) -> Option<i128> {
    let mut rng = cell
        .world
        .rng(cell.row.object, cell.row.slot, 11 + (cell.row.version << 8));
    if rng.percent(6) {
        return None;
    }
    let u = rng.unit();
    Some((u * u * u * u * 4.0e9) as i128 + 5_000)
}

fn opportunity(cell: &mut Cell<'_>, field: &str) {
    const PROBABILITY: [i128; 10] = [10, 10, 20, 50, 60, 70, 75, 90, 100, 0];
    let at = stage(cell);
    let close = cell.row.times.created + (cell.row.slot % 240).cast_signed() * DAY;
    match field {
        "AccountId" => parent(cell),
        "Name" if cell.rng.one_in(40) => cell.choice(AWKWARD),
        "Name" => {
            company(cell.rng, cell.out);
            let text = format!(" - {} {}", word(cell.rng), 1 + cell.rng.below(400));
            cell.text(&text);
        }
        "Description" => cell.description(),
        "StageName" => cell.text(STAGES[at]),
        "Amount" => {
            if let Some(cents) = amount(cell) {
                cell.decimal(cents, 2);
            }
        }
        "Probability" => cell.decimal(PROBABILITY[at], 0),
        "ExpectedRevenue" => {
            if let Some(cents) = amount(cell) {
                cell.decimal(cents * PROBABILITY[at] / 100, 2);
            }
        }
        "TotalOpportunityQuantity" if !cell.null(60) => {
            let n = cell.rng.below(100_000);
            cell.decimal(i128::from(n), 2);
        }
        "CloseDate" => cell.date(close),
        "Type" if !cell.null(20) => {
            cell.choice(&[
                "Existing Customer - Upgrade",
                "Existing Customer - Replacement",
                "New Customer",
            ]);
        }
        "NextStep" if !cell.null(55) => prose(cell.rng, 5, false, cell.out),
        "LeadSource" if !cell.null(25) => {
            cell.choice(&["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"]);
        }
        "IsClosed" => cell.flag(at >= 8),
        "IsWon" => cell.flag(at == 8),
        "ForecastCategory" => {
            let category = match at {
                0..=4 => "Pipeline",
                5 | 6 => "BestCase",
                7 => "Forecast",
                8 => "Closed",
                _ => "Omitted",
            };
            cell.text(category);
        }
        "CampaignId" if cell.rng.percent(30) => {
            let campaign = cell.world.other(CAMPAIGN, OPPORTUNITY, cell.row.slot, 12);
            cell.reference(CAMPAIGN, campaign);
        }
        "FiscalQuarter" => {
            let (_, month, _) = crate::time::civil(close.div_euclid(DAY));
            cell.int((month - 1) / 3 + 1);
        }
        "FiscalYear" => {
            let (year, _, _) = crate::time::civil(close.div_euclid(DAY));
            cell.int(year);
        }
        "Secret__c" if !cell.null(60) => {
            let text = format!("confidential {:016x}", cell.rng.next());
            cell.text(&text);
        }
        "Discount__c" if !cell.null(50) => {
            let n = cell.rng.below(4001);
            cell.decimal(i128::from(n), 2);
        }
        "Signed_At__c" if at == 8 => {
            let ms = cell.rng.below(86_400_000).cast_signed();
            push_datetime(cell.out, close / DAY * DAY + ms);
        }
        _ => {}
    }
}

fn line_item(cell: &mut Cell<'_>, field: &str) {
    let mut rng = cell.world.rng(LINE_ITEM, cell.row.slot, 13 + (cell.row.version << 8));
    let (quantity, price) = (1 + i128::from(rng.skewed(500)), 99 + i128::from(rng.skewed(2_000_000)));
    let product = cell.world.other(PRODUCT, LINE_ITEM, cell.row.slot, 14);
    match field {
        "OpportunityId" => parent(cell),
        "Product2Id" => cell.reference(PRODUCT, product),
        "ProductCode" => cell.text(&product_code(product.unwrap_or(0))),
        "Name" => cell.text(&format!("Order line for {}", product_code(product.unwrap_or(0)))),
        "Quantity" => cell.decimal(quantity, 0),
        "UnitPrice" => cell.decimal(price, 2),
        "TotalPrice" => cell.decimal(quantity * price, 2),
        "ListPrice" => cell.decimal(price + price / 10, 2),
        "ServiceDate" if !cell.null(40) => cell.date(cell.row.times.created + 30 * DAY),
        "Description" if !cell.null(70) => prose(cell.rng, 6, false, cell.out),
        "SortOrder" => cell.int((cell.row.slot % 7).cast_signed() + 1),
        _ => {}
    }
}

fn product_code(slot: u64) -> String {
    format!("HW-{:05}", slot * 3 + 11)
}

fn product(cell: &mut Cell<'_>, field: &str) {
    let slot = cell.row.slot;
    match field {
        "Name" => {
            let text = format!("{} {} {}", word(cell.rng), word(cell.rng), slot + 1);
            cell.text(&text);
        }
        "ProductCode" => cell.text(&product_code(slot)),
        "Description" => cell.description(),
        "IsActive" => {
            let active = !cell.rng.one_in(6);
            cell.flag(active);
        }
        "Family" if !cell.null(10) => cell.choice(&["Hardware", "Software", "Services", "Training"]),
        "DisplayUrl" if !cell.null(50) => cell.text(&format!("https://shop.example/p/{slot}?q=\"x\",y")),
        "StockKeepingUnit" if !cell.null(20) => cell.text(&format!("{:07}", slot * 13)),
        "Weight__c" if !cell.null(30) => {
            let n = cell.rng.below(10_000_000);
            cell.decimal(i128::from(n), 4);
        }
        _ => {}
    }
}

pub(super) fn task(cell: &mut Cell<'_>, field: &str) {
    let slot = cell.row.slot;
    let state = cell.world.rng(TASK, slot, 9 + (cell.row.version << 8)).below(5) as usize;
    let high = cell.world.rng(TASK, slot, 15 + (cell.row.version << 8)).one_in(5);
    match field {
        // A contact or a lead, and never both a lead and something else.
        "WhoId" if slot.is_multiple_of(5) => {
            let lead = cell.world.other(LEAD, TASK, slot, 16);
            cell.reference(LEAD, lead);
        }
        "WhoId" if !cell.null(20) => {
            let contact = cell.world.other(CONTACT, TASK, slot, 17);
            cell.reference(CONTACT, contact);
        }
        "WhatId" if !slot.is_multiple_of(5) && !cell.null(15) => {
            let to = [ACCOUNT, OPPORTUNITY, CASE, CAMPAIGN][(slot % 4) as usize];
            let what = cell.world.other(to, TASK, slot, 18);
            cell.reference(to, what);
        }
        "Subject" if cell.rng.one_in(20) => cell.choice(AWKWARD),
        "Subject" => cell.choice(&["Call", "Send Letter", "Send Quote", "Other"]),
        "ActivityDate" if !cell.null(10) => cell.date(cell.row.times.created + (slot % 60).cast_signed() * DAY),
        "Status" => {
            let all = [
                "Not Started",
                "In Progress",
                "Completed",
                "Waiting on someone else",
                "Deferred",
            ];
            cell.text(all[state]);
        }
        "Priority" => cell.text(if high { "High" } else { "Normal" }),
        "IsHighPriority" => cell.flag(high),
        "Description" => cell.description(),
        "IsClosed" => cell.flag(state == 2),
        "CallDurationInSeconds" if slot.is_multiple_of(3) => {
            let n = cell.rng.skewed(7200);
            cell.int(n.cast_signed());
        }
        "CallType" if slot.is_multiple_of(3) => cell.choice(&["Internal", "Inbound", "Outbound"]),
        "TaskSubtype" => cell.text(if slot.is_multiple_of(3) { "Call" } else { "Task" }),
        _ => {}
    }
}

fn case(cell: &mut Cell<'_>, field: &str) {
    let slot = cell.row.slot;
    let state = cell.world.rng(CASE, slot, 9 + (cell.row.version << 8)).below(4) as usize;
    let contact = cell.world.parent(CASE, slot).map(|(_, slot)| slot);
    match field {
        "CaseNumber" => cell.text(&format!("{:08}", 1000 + slot)),
        "ContactId" => cell.reference(CONTACT, contact),
        // The account of a case is that of its contact.
        "AccountId" => {
            let account = contact
                .and_then(|c| cell.world.parent(CONTACT, c))
                .map(|(_, slot)| slot);
            cell.reference(ACCOUNT, account);
        }
        "SuppliedEmail" if !cell.null(70) => cell.text(&format!("case{slot}@customer.example")),
        "Type" if !cell.null(25) => cell.choice(&["Mechanical", "Electrical", "Electronic", "Structural", "Other"]),
        "Status" => cell.text(["New", "Working", "Escalated", "Closed"][state]),
        "Reason" if !cell.null(30) => {
            cell.choice(&[
                "Installation",
                "Equipment Complexity",
                "Performance",
                "Breakdown",
                "Feedback",
                "Other",
            ]);
        }
        "Origin" => cell.choice(&["Phone", "Email", "Web"]),
        "Subject" if cell.rng.one_in(20) => cell.choice(AWKWARD),
        "Subject" => prose(cell.rng, 5, false, cell.out),
        "Priority" => cell.choice(&["High", "Medium", "Low"]),
        "Description" => cell.description(),
        "IsClosed" => cell.flag(state == 3),
        "ClosedDate" if state == 3 => push_datetime(cell.out, cell.row.times.modified),
        "IsEscalated" => cell.flag(state == 2),
        "Hours_Spent__c" if !cell.null(50) => {
            let n = cell.rng.below(200_000);
            cell.decimal(i128::from(n), 3);
        }
        _ => {}
    }
}

fn campaign(cell: &mut Cell<'_>, field: &str) {
    let slot = cell.row.slot;
    let start = cell.row.times.created + 14 * DAY;
    match field {
        "Name" => {
            let text = format!("{} {} {}", word(cell.rng), word(cell.rng), 2016 + slot % 11);
            cell.text(&text);
        }
        "ParentId" if cell.rng.percent(20) => {
            let parent = cell.world.senior(CAMPAIGN, slot, cell.rng);
            cell.reference(CAMPAIGN, parent);
        }
        "Type" => cell.choice(&[
            "Conference",
            "Webinar",
            "Trade Show",
            "Public Relations",
            "Partners",
            "Email",
            "Other",
        ]),
        "Status" => cell.choice(&["Planned", "In Progress", "Completed", "Aborted"]),
        "StartDate" if !cell.null(10) => cell.date(start),
        "EndDate" if !cell.null(20) => cell.date(start + (slot % 90).cast_signed() * DAY),
        "ExpectedRevenue" | "BudgetedCost" | "ActualCost" if !cell.null(25) => {
            let n = cell.rng.skewed(80_000_000);
            cell.decimal(i128::from(n), 0);
        }
        "ExpectedResponse" => {
            let n = cell.rng.below(10_001);
            cell.decimal(i128::from(n), 2);
        }
        "NumberSent" => {
            let n = cell.rng.skewed(500_000);
            cell.decimal(i128::from(n), 0);
        }
        "IsActive" => {
            let active = cell.rng.one_in(2);
            cell.flag(active);
        }
        "Description" => cell.description(),
        _ => {}
    }
}
