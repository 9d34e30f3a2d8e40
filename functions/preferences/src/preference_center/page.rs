//! The values that fill the templates.

use std::sync::Arc;

use lambda_http::http::{HeaderMap, StatusCode};
use serde::Serialize;
use shared::{
    domain::{
        Channel, Timestamp, User, Weekday,
        display::{Display, timezone},
    },
    http::Reply,
    render::in_language,
    unsubscribe::OptOut,
};

use super::{
    form::{Fault, Faults, Form},
    html::{Look, Template},
    state::{self, CategoryState, State},
    translation::{Language, Translation, accepted},
};
use crate::{app::Brand, groups::Groups};

/// The whole page of one user.
#[derive(Debug)]
pub struct Page<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// The groups of this deployment.
    pub groups: Groups<'a>,
    /// The user.
    pub user: &'a User,
    /// The target of the form.
    pub action: &'a str,
    /// The form that was not saved, and its faults.
    pub refused: Option<(&'a Form, &'a Faults)>,
    /// Whether a form was just saved.
    pub saved: bool,
    /// The channel and the group of the email whose link the user followed.
    pub question: Option<&'a OptOut>,
    /// The time, for the offsets of zones.
    pub now: Timestamp,
}

#[derive(Serialize)]
struct View<'a> {
    action: &'a str,
    saved: bool,
    faulty: bool,
    question: Option<Question>,
    channels: Vec<Switch>,
    categories: Vec<CategoryView>,
    quiet: QuietView,
    choices: [Choice; 2],
}

#[derive(Serialize)]
struct Question {
    title: String,
    text: String,
    ask: bool,
    undo: bool,
}

#[derive(Serialize)]
struct Switch {
    name: String,
    label: String,
    hint: &'static str,
    was: &'static str,
    on: bool,
}

#[derive(Serialize)]
struct CategoryView {
    name: String,
    label: String,
    hint: String,
    was: &'static str,
    on: bool,
    locked: bool,
    /// What the switches of its channels are about.
    by: String,
    channels: Vec<Way>,
}

/// Whether a category comes by one channel.
#[derive(Serialize)]
struct Way {
    name: String,
    label: &'static str,
    was: &'static str,
    on: bool,
}

#[derive(Serialize)]
struct QuietView {
    on: bool,
    was: String,
    times: [Time; 2],
    days: Vec<Day>,
    fault: &'static str,
}

#[derive(Serialize)]
struct Time {
    name: &'static str,
    label: &'static str,
    value: String,
    fault: &'static str,
}

#[derive(Serialize)]
struct Day {
    name: &'static str,
    label: &'static str,
    short: &'static str,
    on: bool,
}

/// A list of choices; `regions` have a heading each.
#[derive(Serialize)]
struct Choice {
    name: &'static str,
    label: &'static str,
    value: String,
    was: String,
    fault: &'static str,
    options: Vec<Item>,
    regions: Vec<Region>,
}

#[derive(Serialize)]
struct Region {
    name: &'static str,
    options: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    value: String,
    label: String,
    lang: &'static str,
}

impl Look {
    /// The look for an anonymous reader.
    pub fn of_anybody(headers: &HeaderMap, embedded: bool, ancestors: &str, brand: &Arc<Brand>) -> Self {
        let language = accepted(headers);
        Self {
            language,
            reader: language.translation().tag.to_owned(),
            theme: "system".to_owned(),
            embedded,
            ancestors: ancestors.to_owned(),
            brand: brand.clone(),
        }
    }

    /// The look for this user: the user's own language, if the pages speak it, and the user's own theme.
    pub fn of(self, user: &User) -> Self {
        let own = user.display.get("language");
        let language = own.and_then(|tag| Language::of(tag)).unwrap_or(self.language);
        let reader = own.cloned().unwrap_or(self.reader);
        Self { language, reader, theme: Display::of(&user.display).theme, ..self }
    }

    /// The name of a group: its category's, in the reader's language. A group without a category has the name that the pages know, or its
    /// own.
    pub fn category(&self, groups: Groups<'_>, group: &str) -> String {
        match groups.categories.get(group) {
            Some(category) => in_language(&category.name, &self.reader).to_owned(),
            None => self.translation().group(groups.known, group).to_owned(),
        }
    }
}

impl Page<'_> {
    /// The answer.
    pub fn reply(&self, status: StatusCode) -> Reply {
        self.look.reply(status, Template::PreferenceCenter, self.look.translation().title, &self.view())
    }

    fn view(&self) -> View<'_> {
        let translation = self.look.translation();
        let was = State::of(self.user, self.groups);
        let now = self.refused.map_or_else(|| was.clone(), |(form, _)| form.over(was.clone()));
        let channels = was.channels.iter().zip(&now.channels).map(|((channel, was), (_, on))| {
            let [label, hint] = translation.channel(*channel);
            Switch { name: channel.to_string(), label: label.to_owned(), hint, was: state::word(*was), on: *on }
        });
        let categories = was.categories.iter().zip(&now.categories).map(|(was, now)| self.category(was, now));
        View {
            action: self.action,
            saved: self.saved,
            faulty: self.refused.is_some(),
            question: self.question.map(|opt_out| question(self.look, self.groups, opt_out, Some(self.user))),
            channels: channels.collect(),
            categories: categories.collect(),
            quiet: QuietView {
                on: now.quiet.on,
                was: was.quiet.text(),
                times: [
                    ("quiet.start", translation.quiet_start, &now.quiet.start),
                    ("quiet.end", translation.quiet_end, &now.quiet.end),
                ]
                .map(|(name, label, value)| Time {
                    name,
                    label,
                    value: value.clone(),
                    fault: self.fault(name),
                }),
                days: Weekday::ALL.into_iter().map(|day| self.day(day, now.quiet.days.contains(&day))).collect(),
                fault: self.fault("quiet.day"),
            },
            choices: [
                Choice {
                    name: "language",
                    label: translation.language,
                    options: languages(translation, &was.language),
                    regions: Vec::new(),
                    value: now.language,
                    was: was.language,
                    fault: self.fault("language"),
                },
                Choice {
                    name: "timezone",
                    label: translation.zone,
                    options: zones(translation, &was.timezone, self.now),
                    regions: regions(self.now),
                    value: now.timezone,
                    was: was.timezone,
                    fault: self.fault("timezone"),
                },
            ],
        }
    }

    fn category(&self, was: &CategoryState, now: &CategoryState) -> CategoryView {
        let translation = self.look.translation();
        let category = self.groups.categories.get(&was.handle);
        let label = self.look.category(self.groups, &was.handle);
        let way = |((channel, was), (_, on)): (&(Channel, bool), &(Channel, bool))| {
            let [label, _] = translation.channel(*channel);
            Way { name: channel.to_string(), label, was: state::word(*was), on: *on }
        };
        CategoryView {
            name: was.handle.clone(),
            hint: category
                .and_then(|category| category.description.as_ref())
                .map(|texts| in_language(texts, &self.look.reader).to_owned())
                .unwrap_or_default(),
            was: state::word(was.is_in),
            on: now.is_in,
            locked: self.groups.categories.is_required(&was.handle),
            by: translation.by.replace("{}", &label),
            // With one channel there is nothing to choose, unless it is off: then the user must see that, and can take it back.
            channels: if was.channels.len() > 1 || was.channels.iter().any(|(_, on)| !on) {
                was.channels.iter().zip(&now.channels).map(way).collect()
            } else {
                Vec::new()
            },
            label,
        }
    }

    fn day(&self, day: Weekday, on: bool) -> Day {
        let [label, short] = self.look.translation().day(day);
        Day { name: day.name(), label, short, on }
    }

    fn fault(&self, name: &str) -> &'static str {
        let fault = self.refused.and_then(|(_, faults)| faults.get(name));
        fault.map_or("", |fault| sentence(self.look.translation(), *fault))
    }
}

/// A fault in words of the page's language.
pub fn sentence(translation: &Translation, fault: Fault) -> &'static str {
    match fault {
        Fault::Time => translation.fault_time,
        Fault::Same => translation.fault_same,
        Fault::Days => translation.fault_days,
        Fault::Language => translation.fault_language,
        Fault::Zone => translation.fault_zone,
    }
}

/// The question before an opt-out. A user who is already out is told so.
fn question(look: &Look, groups: Groups<'_>, opt_out: &OptOut, user: Option<&User>) -> Question {
    let OptOut { user: _, channel, group } = opt_out;
    let translation = look.translation();
    let name = group.as_deref().map(|group| look.category(groups, group));
    let name = name.as_deref();
    if group.as_deref().is_some_and(|group| groups.categories.is_required(group)) {
        let (title, text) = (translation.required.to_owned(), translation.required_text.to_owned());
        return Question { title, text, ask: false, undo: false };
    }
    let is_in = user.is_none_or(|user| match group {
        Some(group) => groups.is_in(user, group),
        None => state::is_on(user, *channel),
    });
    let (title, text) = if is_in {
        (translation.ask(*channel, name), translation.ask_text.to_owned())
    } else {
        (translation.out.to_owned(), translation.out(*channel, name))
    };
    Question { title, text, ask: is_in, undo: !is_in }
}

#[derive(Serialize)]
struct Notice<'a> {
    text: &'a str,
    ask: bool,
    undo: bool,
    next: &'a str,
}

/// A title and a sentence.
pub fn notice(look: &Look, status: StatusCode, title: &str, text: &str) -> Reply {
    look.reply(status, Template::Notice, title, &Notice { text, ask: false, undo: false, next: "" })
}

/// Only the question, for a missing user: the page does not tell whether the user was erased or never existed.
pub fn ask(look: &Look, groups: Groups<'_>, opt_out: &OptOut) -> Reply {
    let Question { title, text, ask, undo } = question(look, groups, opt_out, None);
    look.reply(StatusCode::OK, Template::Notice, &title, &Notice { text: &text, ask, undo, next: "" })
}

/// The result of a click, and the way back; `next` leads to all preferences.
pub fn done(look: &Look, groups: Groups<'_>, opt_out: &OptOut, next: &str) -> Reply {
    let translation = look.translation();
    let name = opt_out.group.as_deref().map(|group| look.category(groups, group));
    let text = translation.out(opt_out.channel, name.as_deref());
    let notice = Notice { text: &text, ask: false, undo: true, next };
    look.reply(StatusCode::OK, Template::Notice, translation.out, &notice)
}

/// The opt-out was taken back; `next` leads to all preferences.
pub fn undone(look: &Look, next: &str) -> Reply {
    let translation = look.translation();
    let notice = Notice { text: translation.undone_text, ask: false, undo: false, next };
    look.reply(StatusCode::OK, Template::Notice, translation.undone, &notice)
}

#[derive(Serialize)]
struct Confirm<'a> {
    action: &'a str,
    fields: &'a [(String, String)],
}

/// The question before the last channel is turned off: 409, since nothing was written.
pub fn confirm(look: &Look, action: &str, form: &Form) -> Reply {
    look.reply(
        StatusCode::CONFLICT,
        Template::Confirm,
        look.translation().last,
        &Confirm { action, fields: form.fields() },
    )
}

/// An empty choice, the languages of the pages, and the user's own if it is none of them.
fn languages(translation: &Translation, chosen: &str) -> Vec<Item> {
    let item = |value: &str, label: &str, lang| Item { value: value.to_owned(), label: label.to_owned(), lang };
    let mut all = vec![item("", translation.language_auto, "")];
    all.extend(Language::all().map(Language::translation).map(|one| item(one.tag, one.own_name, one.tag)));
    if !all.iter().any(|one| one.value == chosen) {
        let label = Language::of(chosen).map(|language| format!("{} ({chosen})", language.translation().own_name));
        all.push(item(
            chosen,
            label.as_deref().unwrap_or(chosen),
            Language::of(chosen).map_or("", |one| one.translation().tag),
        ));
    }
    all
}

/// An empty choice, and the user's own time zone if [`regions`] does not list it.
fn zones(translation: &Translation, chosen: &str, now: Timestamp) -> Vec<Item> {
    let item = |value: &str, label: &str| Item { value: value.to_owned(), label: label.to_owned(), lang: "" };
    let mut all = vec![item("", translation.zone_unset)];
    if !chosen.is_empty() && !timezone::places().iter().any(|place| place.name == chosen) {
        let offset = timezone::offset(&timezone::rules(chosen), now);
        all.push(item(chosen, &format!("{chosen} ({offset})")));
    }
    all
}

fn regions(now: Timestamp) -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    for place in timezone::places() {
        let Some((region, city)) = place.name.split_once('/') else { continue };
        let city = city.replace('_', " ").replace('/', " – ");
        let label = format!("{city} ({})", place.offset(now));
        let item = Item { value: place.name.to_owned(), label, lang: "" };
        match regions.last_mut().filter(|last| last.name == region) {
            Some(last) => last.options.push(item),
            None => regions.push(Region { name: region, options: vec![item] }),
        }
    }
    regions
}

#[cfg(test)]
mod tests;
