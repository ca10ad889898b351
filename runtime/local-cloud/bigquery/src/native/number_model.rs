//! The format of a CAST of numbers to text, as its elements and the rules on their order.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_numeric_type_as_string>.

/// An element that stands for characters of the number itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Nine,
    Zero,
    /// A hexadecimal digit, and whether its letters are small.
    Hex(bool),
    Group,
    Point,
    /// `V`: the point is not written.
    Shift,
    /// `EEEE`, and whether its letter is small.
    Exponent(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// `S` before the number.
    Before,
    /// `S` after it.
    After,
    Minus,
    Angles,
}

/// A currency as it is written.
pub(super) type Currency = &'static str;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Decimal,
    Hexadecimal,
    /// Roman numerals, and whether they are small.
    Roman(bool),
}

#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) kind: Kind,
    pub(super) places: Vec<Place>,
    /// The number of places before the point.
    pub(super) point: usize,
    /// Digits before and after the point.
    pub(super) whole: usize,
    pub(super) fraction: usize,
    pub(super) sign: Option<Sign>,
    pub(super) currency: Option<Currency>,
    /// `B`: spaces where the whole part is zero.
    pub(super) blank: bool,
    /// `FM`: neither spaces nor zeros at the end.
    pub(super) compact: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Place(Place),
    S,
    Minus,
    Angles,
    Currency(Currency),
    Blank,
    Compact,
    Roman(bool),
    Minimal,
}

/// Name, element. A letter's case matters where it is told apart; the longest comes first.
const ELEMENTS: &[(&str, Element)] = &[
    ("EEEE", Element::Place(Place::Exponent(false))),
    ("TM9", Element::Minimal),
    ("TME", Element::Minimal),
    ("TM", Element::Minimal),
    ("MI", Element::Minus),
    ("PR", Element::Angles),
    ("RN", Element::Roman(false)),
    ("FM", Element::Compact),
    ("$", Element::Currency("$")),
    ("L", Element::Currency("$")),
    ("C", Element::Currency("USD")),
    ("0", Element::Place(Place::Zero)),
    ("9", Element::Place(Place::Nine)),
    ("X", Element::Place(Place::Hex(false))),
    (".", Element::Place(Place::Point)),
    ("D", Element::Place(Place::Point)),
    (",", Element::Place(Place::Group)),
    ("G", Element::Place(Place::Group)),
    ("S", Element::S),
    ("B", Element::Blank),
    ("V", Element::Place(Place::Shift)),
];

const MOST_HEX_DIGITS: usize = 16;
const MINIMAL: &str = "'TM', 'TM9' or 'TME' cannot be combined with other format elements";
const ONE_SIGN: &str = "There can be at most one of 'S', 'MI', or 'PR'";
const NO_GROUPS_WITH_EXPONENT: &str = "',' or 'G' cannot appear together with 'EEEE'";

/// The element that a text begins with, its name in capitals.
fn next(text: &str) -> Option<(&'static str, Element)> {
    let fits = |name: &str| {
        text.get(..name.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(name))
    };
    let (name, element) = *ELEMENTS.iter().find(|(name, _)| fits(name))?;
    let small = text.starts_with(|c: char| c.is_ascii_lowercase());
    let element = match element {
        Element::Place(Place::Exponent(_)) => Element::Place(Place::Exponent(small)),
        Element::Place(Place::Hex(_)) => Element::Place(Place::Hex(small)),
        Element::Roman(_) => Element::Roman(small),
        Element::Currency("USD") if small => Element::Currency("usd"),
        other => other,
    };
    Some((name, element))
}

/// Where the reading of a format stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Start,
    Whole,
    Hexadecimal,
    Fraction(&'static str),
    Exponent,
    Signed(&'static str),
    Roman,
    Minimal,
}

struct Reading {
    stage: Stage,
    model: Model,
    currency: &'static str,
    nine: bool,
    groups: bool,
}

pub(super) fn read(format: &str) -> Result<Model, String> {
    let error = |message: String| format!("Error in format string: {message}");
    let mut reading = Reading {
        stage: Stage::Start,
        model: Model {
            kind: Kind::Decimal,
            places: Vec::new(),
            point: usize::MAX,
            whole: 0,
            fraction: 0,
            sign: None,
            currency: None,
            blank: false,
            compact: false,
        },
        currency: "",
        nine: false,
        groups: false,
    };
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        let Some((name, element)) = next(rest) else {
            return Err(error(format!("Invalid format element '{first}'")));
        };
        rest = &rest[name.len()..];
        reading.take(name, element).map_err(error)?;
    }
    reading.finish().map_err(error)
}

impl Reading {
    fn take(&mut self, name: &'static str, element: Element) -> Result<(), String> {
        let model = &mut self.model;
        match element {
            Element::Compact if model.compact => return Err("'FM' cannot be repeated".into()),
            Element::Compact => model.compact = true,
            Element::Currency(_) if model.currency.is_some() => {
                return Err("There can be at most one of '$', 'C' or 'L'".into());
            }
            Element::Currency(currency) => {
                model.currency = Some(currency);
                self.currency = name;
            }
            Element::Blank if model.blank => return Err("There can be at most one 'B'".into()),
            Element::Blank => model.blank = true,
            _ => return self.ordered(name, element),
        }
        Ok(())
    }

    /// What may stand only where the stage allows it.
    fn ordered(&mut self, name: &'static str, element: Element) -> Result<(), String> {
        match self.stage {
            Stage::Start => self.begin(name, element),
            Stage::Whole => self.whole(name, element),
            Stage::Hexadecimal => match element {
                Element::Place(place @ (Place::Zero | Place::Hex(_))) => self.place(place),
                Element::S | Element::Minus | Element::Angles => self.sign(name, element),
                _ => Err(format!("'X' cannot appear together with '{name}'")),
            },
            Stage::Fraction(point) => match element {
                Element::Place(place @ (Place::Zero | Place::Nine)) => {
                    self.model.fraction += 1;
                    self.place(place)
                }
                Element::Place(Place::Hex(_)) => Err(format!("'X' cannot appear together with '{point}'")),
                Element::Place(place @ Place::Exponent(_)) => self.exponent(place),
                Element::S | Element::Minus | Element::Angles => self.sign(name, element),
                Element::Place(Place::Point | Place::Shift) => {
                    Err("There can be at most one of '.', 'D', or 'V'".into())
                }
                Element::Place(Place::Group) => Err("',' or 'G' cannot appear after '.', 'D' or 'V'".into()),
                _ => Err(format!("Unexpected '{name}'")),
            },
            Stage::Exponent => match element {
                Element::S | Element::Minus | Element::Angles => self.sign(name, element),
                Element::Place(Place::Group) => Err(NO_GROUPS_WITH_EXPONENT.into()),
                _ => Err(format!("'{name}' cannot appear after 'EEEE'")),
            },
            Stage::Signed(sign) => match element {
                Element::Place(Place::Zero | Place::Nine | Place::Hex(_) | Place::Exponent(_)) => Err(match sign {
                    "S" => "'S' can only appear before or after all digits and 'EEEE'".into(),
                    sign => format!("'{sign}' can only appear after all digits and 'EEEE'"),
                }),
                _ => Err(format!("Unexpected format element '{name}'")),
            },
            Stage::Roman => Err(format!("'RN' cannot appear together with '{name}'")),
            Stage::Minimal => Err(MINIMAL.into()),
        }
    }

    fn begin(&mut self, name: &'static str, element: Element) -> Result<(), String> {
        match element {
            Element::S => {
                self.model.sign = Some(Sign::Before);
                self.stage = Stage::Whole;
            }
            Element::Minus | Element::Angles => {
                return Err(format!("'{name}' can only appear after all digits and 'EEEE'"));
            }
            Element::Place(Place::Nine | Place::Zero | Place::Hex(_) | Place::Point | Place::Shift) => {
                self.stage = Stage::Whole;
                return self.whole(name, element);
            }
            Element::Roman(small) => {
                self.model.kind = Kind::Roman(small);
                self.stage = Stage::Roman;
            }
            Element::Minimal => self.stage = Stage::Minimal,
            _ => return Err(format!("Unexpected '{name}'")),
        }
        Ok(())
    }

    fn whole(&mut self, name: &'static str, element: Element) -> Result<(), String> {
        match element {
            Element::S | Element::Minus | Element::Angles => self.sign(name, element),
            Element::Place(place @ Place::Exponent(_)) => self.exponent(place),
            Element::Place(Place::Hex(_)) if self.nine => Err("'X' cannot appear together with '9'".into()),
            Element::Place(Place::Hex(_)) if self.groups => Err("'X' cannot appear together with ',' or 'G'".into()),
            Element::Place(place @ Place::Hex(_)) => {
                self.model.kind = Kind::Hexadecimal;
                self.stage = Stage::Hexadecimal;
                self.place(place)
            }
            Element::Place(place @ (Place::Zero | Place::Nine)) => {
                self.nine |= place == Place::Nine;
                self.place(place)
            }
            Element::Place(place @ Place::Group) => {
                self.groups = true;
                self.place(place)
            }
            Element::Place(place @ (Place::Point | Place::Shift)) => {
                self.model.point = self.model.places.len();
                self.stage = Stage::Fraction(name);
                self.place(place)
            }
            Element::Minimal => Err(MINIMAL.into()),
            _ => Err(format!("Unexpected '{name}'")),
        }
    }

    fn place(&mut self, place: Place) -> Result<(), String> {
        if matches!(place, Place::Zero | Place::Nine | Place::Hex(_)) && !matches!(self.stage, Stage::Fraction(_)) {
            self.model.whole += 1;
        }
        self.model.places.push(place);
        Ok(())
    }

    fn exponent(&mut self, place: Place) -> Result<(), String> {
        if self.groups {
            return Err(NO_GROUPS_WITH_EXPONENT.into());
        }
        self.model.point = self.model.point.min(self.model.places.len());
        self.stage = Stage::Exponent;
        self.model.places.push(place);
        Ok(())
    }

    fn sign(&mut self, name: &'static str, element: Element) -> Result<(), String> {
        if self.model.sign.is_some() {
            return Err(ONE_SIGN.into());
        }
        self.model.sign = Some(match element {
            Element::Minus => Sign::Minus,
            Element::Angles => Sign::Angles,
            _ => Sign::After,
        });
        self.stage = Stage::Signed(name);
        Ok(())
    }

    fn finish(self) -> Result<Model, String> {
        let Self {
            stage,
            mut model,
            currency,
            ..
        } = self;
        if stage == Stage::Minimal {
            let alone = model.currency.is_none() && !model.blank && !model.compact;
            return Err(if alone {
                "Text minimal output is not supported yet".into()
            } else {
                MINIMAL.into()
            });
        }
        let together = match (model.kind, model.currency.is_some(), model.blank) {
            (Kind::Hexadecimal, true, _) => Some(("X", currency)),
            (Kind::Hexadecimal, _, true) => Some(("X", "B")),
            (Kind::Roman(_), true, _) => Some(("RN", currency)),
            (Kind::Roman(_), _, true) => Some(("RN", "B")),
            _ => None,
        };
        if let Some((one, other)) = together {
            return Err(format!("'{one}' cannot appear together with '{other}'"));
        }
        if matches!(model.kind, Kind::Roman(_)) {
            return Ok(model);
        }
        if model.whole + model.fraction == 0 {
            return Err("Format string must contain at least one of 'X', '0' or '9'".into());
        }
        if model.kind == Kind::Hexadecimal && model.whole > MOST_HEX_DIGITS {
            return Err("Max number of 'X' is 16".into());
        }
        model.point = model.point.min(model.places.len());
        // One digit stands before the point of a number with an exponent.
        if model.has_exponent() && model.point >= 2 {
            model.places.drain(..model.point - 1);
            model.point = 1;
        }
        Ok(model)
    }
}

impl Model {
    pub(super) fn has_exponent(&self) -> bool {
        matches!(self.places.last(), Some(Place::Exponent(_)))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_out_of_order_is_refused() {
        for (format, error) in [
            (",99", "Unexpected ','"),
            ("9.9.9", "There can be at most one of '.', 'D', or 'V'"),
            ("9.9,9", "',' or 'G' cannot appear after '.', 'D' or 'V'"),
            ("9,9EEEE", "',' or 'G' cannot appear together with 'EEEE'"),
            ("9S9", "'S' can only appear before or after all digits and 'EEEE'"),
            ("PR9", "'PR' can only appear after all digits and 'EEEE'"),
            ("s9mi", "There can be at most one of 'S', 'MI', or 'PR'"),
            ("9X", "'X' cannot appear together with '9'"),
            ("$XX", "'X' cannot appear together with '$'"),
            ("RN9", "'RN' cannot appear together with '9'"),
            ("S", "Format string must contain at least one of 'X', '0' or '9'"),
            ("XXXXXXXXXXXXXXXXX", "Max number of 'X' is 16"),
            ("9?", "Invalid format element '?'"),
        ] {
            let expected = format!("Error in format string: {error}");
            assert_eq!(super::read(format).map(drop), Err(expected), "{format}");
        }
    }
}
