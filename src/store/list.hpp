#pragma once

#include "store/sql.hpp"
#include "store/store.hpp"

/// Lists: from a `Query` to one page. Paging goes on after the last row that was shown (its sort key and id),
/// so rows that come and go meanwhile are neither shown twice nor skipped.
namespace berth::store {

/// A column that people may sort or filter a list by.
struct ListColumn {
    enum Use { sort_only, filter_only, sort_and_filter };

    std::string name;        ///< As on the wire.
    std::string expression;  ///< Never null.
    CellKind kind = CellKind::text;
    Use use = sort_and_filter;
    std::vector<std::string>
        values;  ///< What it may be filtered by; empty: anything. `true`, `false` for numbers: 1, 0.
};

/// What can be listed of one table.
struct ListShape {
    std::string key;  ///< Unique column that breaks ties.
    CellKind key_kind = CellKind::text;
    std::string newest;  ///< The sort when none is asked for.
    std::string search;  ///< Column with the folded text that `q` looks in.
    std::vector<ListColumn> columns;
};

/// Part of a WHERE clause with what its parameters are.
struct Where {
    std::vector<std::string> terms;
    std::vector<Cell> cells;

    /// Adds a term; `{}` in it stands for the parameter.
    template <class T>
    void add(std::string_view term, const T& value) {
        Cell cell;
        put(cell, value);
        add_cell(term, std::move(cell));
    }
    void add(std::string term) { terms.push_back(std::move(term)); }
    void add_cell(std::string_view term, Cell cell);
    std::string text() const;
};

/// The texts of a list query. Throws `invalid` for what the query must not ask.
struct ListSql {
    Where rows;        ///< Filters and visibility; what `total` counts.
    Where page;        ///< `rows`, going on after the cursor.
    std::string tail;  ///< WHERE, ORDER BY and LIMIT of the page.
    std::string sort;  ///< With its sign.
    const ListColumn* column = nullptr;
};
ListSql list_sql(const ListShape& shape, const Query& query, Where visible);
std::string make_cursor(const ListSql& sql, const Cell& key, const Cell& id);

/// One page of `Row`s that `visible` allows.
template <class Row>
Page<Row> list(Connection& db, const ListShape& shape, const Query& query, Where visible) {
    static const Columns columns = columns_of<Row>();
    const auto sql = list_sql(shape, query, std::move(visible));
    Page<Row> page;
    const std::string from = std::string(" FROM ") + Table<Row>::name;
    db.query("SELECT COUNT(*)" + from + sql.rows.text(), sql.rows.cells, {CellKind::number},
             [&](const Statement& found) { page.total = found.result(0).number; });
    auto kinds = columns.kinds(Columns::read);
    const auto width = kinds.size();
    kinds.push_back(sql.column->kind);
    kinds.push_back(shape.key_kind);
    const auto head =
        "SELECT " + columns.list(Columns::read) + ", " + sql.column->expression + ", " + shape.key + from;
    Cell key, id;
    db.query(head + sql.tail, sql.page.cells, kinds, [&](const Statement& found) {
        if (page.items.size() == static_cast<std::size_t>(query.limit)) {
            page.next = make_cursor(sql, key, id);
            return;
        }
        page.items.push_back(take_row<Row>(found));
        key = found.result(width);
        id = found.result(width + 1);
    });
    return page;
}

}  // namespace berth::store
