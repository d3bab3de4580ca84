#include "store/list.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/base64.hpp"
#include "store/fold.hpp"

namespace berth::store {
namespace {

constexpr int limit_max = 200;
constexpr std::size_t search_max = 256;
constexpr std::size_t cursor_max = 4096;

[[noreturn]] void refuse(std::string message, std::string next = {}) {
    throw Error(Kind::invalid, "invalid_field", std::move(message), std::move(next));
}

const ListColumn& column_of(const ListShape& shape, std::string_view name, std::string_view parameter,
                            ListColumn::Use use) {
    const auto wanted = json::wire_name(name);
    std::vector<std::string> names;
    for (const auto& column : shape.columns) {
        if (column.use != use && column.use != ListColumn::sort_and_filter) continue;
        if (column.name == wanted) return column;
        names.push_back(column.name);
    }
    const auto near = nearest(wanted, names);
    const auto next = near.empty() ? fmt::format("use one of {}", fmt::join(names, ", "))
                                   : "did you mean " + quoted(near) + "?";
    refuse(std::string(parameter) + ": this list has no column " + quoted(name.substr(0, 64)), next);
}

Cell filter_cell(const ListColumn& column, const std::string& text) {
    if (!column.values.empty() && std::ranges::find(column.values, text) == column.values.end())
        refuse(column.name + ": there is no " + quoted(text.substr(0, 64)),
               fmt::format("use one of {}", fmt::join(column.values, ", ")));
    Cell cell;
    if (column.kind == CellKind::text) {
        cell.set(std::string_view(text));
    } else if (!column.values.empty()) {
        cell.set(text == "true" ? 1LL : 0LL);
    } else {
        if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos)
            refuse(column.name + ": expected a whole number, not " + quoted(text.substr(0, 64)));
        cell.set(std::stoll(text));
    }
    return cell;
}

std::string like_pattern(std::string_view text) {
    std::string pattern = "%";
    for (const char letter : fold(text)) {
        if (letter == '%' || letter == '_' || letter == '\\') pattern += '\\';
        pattern += letter;
    }
    return pattern + "%";
}

json::value to_value(const Cell& cell) {
    return cell.kind == CellKind::number ? json::value(static_cast<std::int64_t>(cell.number))
                                         : json::value(cell.text);
}

std::optional<Cell> to_cell(const json::value* tree, CellKind kind) {
    Cell cell;
    if (tree != nullptr && kind == CellKind::number && tree->is_int64())
        cell.set(static_cast<long long>(tree->get_int64()));
    else if (tree != nullptr && kind == CellKind::text && tree->is_string())
        cell.set(std::string_view(tree->get_string()));
    else
        return std::nullopt;
    return cell;
}

struct Position {
    Cell key, id;
};

Position parse_cursor(const std::string& cursor, const std::string& sort, CellKind kind, CellKind key_kind) {
    const auto text = cursor.size() <= cursor_max ? crypto::from_base64url(cursor) : std::nullopt;
    try {
        const auto tree = text ? json::parse(*text) : json::value();
        if (const auto* entries = tree.if_object()) {
            const auto* order = entries->if_contains("sort");
            const auto key = to_cell(entries->if_contains("key"), kind);
            const auto id = to_cell(entries->if_contains("id"), key_kind);
            if (order != nullptr && order->is_string() && order->get_string() == sort && key && id)
                return {*key, *id};
        }
    } catch (const Error&) {
        // Not JSON: refused below like every other text that we did not write.
    }
    refuse("cursor: not one that this list gave", "start again without a cursor");
}

}  // namespace

void Where::add_cell(std::string_view term, Cell cell) {
    terms.push_back(fmt::format(fmt::runtime(term), ":p" + std::to_string(cells.size())));
    cells.push_back(std::move(cell));
}

std::string Where::text() const {
    return terms.empty() ? std::string() : fmt::format(" WHERE {}", fmt::join(terms, " AND "));
}

ListSql list_sql(const ListShape& shape, const Query& query, Where visible) {
    if (query.limit < 1 || query.limit > limit_max) refuse(fmt::format("limit: expected 1 to {}", limit_max));
    if (query.q.size() > search_max) refuse(fmt::format("q: at most {} bytes", search_max));
    ListSql sql;
    sql.rows = std::move(visible);
    for (const auto& [name, text] : query.equal) {
        const auto& column = column_of(shape, name, name, ListColumn::filter_only);
        sql.rows.add_cell(column.expression + " = {}", filter_cell(column, text));
    }
    if (!query.q.empty()) sql.rows.add(shape.search + " LIKE {} ESCAPE '\\'", like_pattern(query.q));

    const std::string sort = query.sort.empty() ? shape.newest : query.sort;
    const bool descending = sort.starts_with('-');
    sql.column =
        &column_of(shape, std::string_view(sort).substr(descending ? 1 : 0), "sort", ListColumn::sort_only);
    sql.sort = (descending ? "-" : "") + sql.column->name;
    sql.page = sql.rows;
    const auto& expression = sql.column->expression;
    if (!query.cursor.empty()) {
        auto position = parse_cursor(query.cursor, sql.sort, sql.column->kind, shape.key_kind);
        // A row value compares the sort key and then the id, which is what an index on both can follow.
        const auto id = ":p" + std::to_string(sql.page.cells.size() + 1);
        sql.page.add_cell(
            fmt::format("({}, {}) {} ({{}}, {})", expression, shape.key, descending ? "<" : ">", id),
            std::move(position.key));
        sql.page.cells.push_back(std::move(position.id));
    }
    const auto* direction = descending ? "DESC" : "ASC";
    sql.tail = fmt::format("{} ORDER BY {} {}, {} {} LIMIT {}", sql.page.text(), expression, direction,
                           shape.key, direction, query.limit + 1);
    return sql;
}

std::string make_cursor(const ListSql& sql, const Cell& key, const Cell& id) {
    return crypto::base64url(
        json::write(json::object{{"sort", sql.sort}, {"key", to_value(key)}, {"id", to_value(id)}}));
}

}  // namespace berth::store
