//! A table, for Markdown and for the terminal.

/// Rows under a title.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// The title.
    pub title: String,
    /// The heads of the columns, with units.
    pub columns: Vec<String>,
    /// The rows. A row has one cell for each column.
    pub rows: Vec<Vec<String>>,
    /// A note for readers of the table.
    pub note: Option<String>,
}

impl Table {
    /// An empty table.
    pub fn new(title: impl Into<String>, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { title: title.into(), columns, ..Self::default() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        let mut cells: Vec<_> = cells.into_iter().map(Into::into).collect();
        cells.resize(self.columns.len(), String::new());
        self.rows.push(cells);
    }

    /// Sets the note.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// The table as Markdown, without its title.
    pub fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let escape = |cell: &String| cell.replace('|', "\\|").replace('\n', " ");
        let mut text = line(self.columns.iter().map(escape).collect());
        let rule = |column| if self.is_numeric(column) { "---:".to_owned() } else { "---".to_owned() };
        text += &line((0..self.columns.len()).map(rule).collect());
        for row in &self.rows {
            text += &line(row.iter().map(escape).collect());
        }
        if let Some(note) = &self.note {
            text += &format!("\n{note}\n");
        }
        text
    }

    /// The table as plain text with aligned columns, and with its title.
    pub fn terminal(&self) -> String {
        let lines: Vec<_> = std::iter::once(&self.columns).chain(&self.rows).collect();
        let length = |cell: &str| cell.chars().count();
        let width = |column: usize| lines.iter().map(|cells| length(&cells[column])).max().unwrap_or_default();
        let mut text = format!("{}\n", self.title);
        for (number, cells) in lines.iter().enumerate() {
            let mut line = String::new();
            for (column, cell) in cells.iter().enumerate() {
                let padding = " ".repeat(width(column) - length(cell));
                let cell = if self.is_numeric(column) { padding + cell } else { cell.clone() + &padding };
                line += "  ";
                line += &cell;
            }
            text += line.trim_end();
            text.push('\n');
            if number == 0 {
                let widths = (0..self.columns.len()).map(|column| "-".repeat(width(column)));
                text += &format!("  {}\n", widths.collect::<Vec<_>>().join("  "));
            }
        }
        if let Some(note) = &self.note {
            text += &format!("  {note}\n");
        }
        text
    }

    /// Whether a column has figures. They are aligned to the right.
    fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().map(|row| row[column].as_str()).filter(|cell| !cell.is_empty()).peekable();
        let figure = |cell: &str| {
            cell.trim_start_matches(['$', '-', '−', '+', '≤', '<', ' ']).starts_with(|c: char| c.is_ascii_digit())
        };
        cells.peek().is_some() && cells.all(|cell| cell == "–" || figure(cell))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new("What", &["name", "calls"]);
        table.row(["a|b", "1"]);
        table.row(["é", "12"]);
        table.row(["c"]);
        table.note("A note.")
    }

    #[test]
    fn figures_stand_on_the_right_and_a_cell_cannot_break_its_row() {
        let expected = "| name | calls |\n| --- | ---: |\n| a\\|b | 1 |\n| é | 12 |\n| c |  |\n\nA note.\n";
        assert_eq!(table().markdown(), expected);
    }

    #[test]
    fn columns_stand_under_each_other() {
        let expected = "What\n  name  calls\n  ----  -----\n  a|b       1\n  é        12\n  c\n  A note.\n";
        assert_eq!(table().terminal(), expected);
    }

    #[test]
    fn a_column_of_words_is_no_column_of_figures() {
        let mut table = Table::new("", &["mixed", "money", "empty"]);
        table.row(["1", "$1.20", ""]);
        table.row(["one", "–", ""]);
        let numeric: Vec<_> = (0..3).map(|column| table.is_numeric(column)).collect();
        assert_eq!(numeric, [false, true, false]);
    }
}
