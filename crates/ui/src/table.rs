//! Tables that turn into cards on a phone.
//!
//! What may not enter: layout. A table is for things that have rows and columns.

use maud::{Markup, Render, html};

/// The head of one column.
#[derive(Debug, Clone)]
pub struct Column {
    label: String,
    numeric: bool,
    label_hidden: bool,
}

impl Column {
    /// A column of words.
    pub fn text(label: impl Into<String>) -> Self {
        Self { label: label.into(), numeric: false, label_hidden: false }
    }

    /// A column of numbers, flush right.
    pub fn number(label: impl Into<String>) -> Self {
        Self { label: label.into(), numeric: true, label_hidden: false }
    }

    /// A column of buttons, whose label is only read out.
    pub fn actions(label: impl Into<String>) -> Self {
        Self { label: label.into(), numeric: true, label_hidden: true }
    }
}

/// Rows under a head.
#[derive(Debug, Clone)]
pub struct Table {
    caption: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Markup>>,
}

impl Table {
    /// A table that is called `caption` for those who cannot see it.
    pub fn new(caption: impl Into<String>, columns: Vec<Column>) -> Self {
        Self { caption: caption.into(), columns, rows: Vec::new() }
    }

    /// One more row: a cell for each column. The first cell names the row.
    #[must_use]
    pub fn row(mut self, cells: Vec<Markup>) -> Self {
        self.rows.push(cells);
        self
    }

    /// Whatever a cell is made of stays together when the stylesheet puts the column's label beside it.
    fn render_row(&self, cells: &[Markup]) -> Markup {
        html! {
            tr role="row" {
                @for (index, (cell, column)) in cells.iter().zip(&self.columns).enumerate() {
                    @if index == 0 {
                        th scope="row" role="rowheader" data-label=(column.label) { div { (cell) } }
                    } @else {
                        td.numeric[column.numeric] role="cell"
                            data-label=[(!column.label_hidden).then_some(&column.label)] {
                            div { (cell) }
                        }
                    }
                }
            }
        }
    }
}

impl Render for Table {
    // On a phone the stylesheet takes rows and cells out of table layout, and browsers then forget what they are: the
    // roles say it again.
    fn render(&self) -> Markup {
        html! {
            div.table-frame {
                table role="table" {
                    caption.visually-hidden { (self.caption) }
                    thead role="rowgroup" { tr role="row" {
                        @for column in &self.columns {
                            th.numeric[column.numeric] scope="col" role="columnheader" {
                                span.visually-hidden[column.label_hidden] { (column.label) }
                            }
                        }
                    } }
                    tbody role="rowgroup" { @for cells in &self.rows { (self.render_row(cells)) } }
                }
            }
        }
    }
}
