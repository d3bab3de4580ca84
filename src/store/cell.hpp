#pragma once

#include <soci/soci-backend.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "store/fold.hpp"

/// How values of the model become values of the database: numbers, text or null; what is neither travels as
/// JSON.
namespace berth::store {

enum class CellKind { number, text };
using Kinds = std::vector<CellKind>;

/// One value on its way to or from the database. Text is UTF-8 without NUL, which is what every database can
/// keep; other bytes become U+FFFD.
struct Cell {
    CellKind kind = CellKind::text;
    soci::indicator state = soci::i_null;
    long long number = 0;
    std::string text;

    void set(long long value) {
        kind = CellKind::number;
        state = soci::i_ok;
        number = value;
    }
    void set(std::string_view value) {
        kind = CellKind::text;
        state = soci::i_ok;
        text = well_formed(value);
    }
};

namespace detail {

template <class T>
struct Plain {
    using type = T;
};
template <class T>
struct Plain<std::optional<T>> {
    using type = T;
};
template <class T>
using plain = typename Plain<T>::type;

template <class T>
concept Counted = std::is_same_v<T, Bytes> || std::is_same_v<T, MilliCpu>;

}  // namespace detail

/// Booleans, whole numbers, times (milliseconds since 1970) and amounts are numbers; everything else is text.
template <class T>
constexpr CellKind kind_of() {
    using P = detail::plain<T>;
    return std::is_integral_v<P> || std::is_same_v<P, Time> || detail::Counted<P> ? CellKind::number
                                                                                  : CellKind::text;
}

template <class T>
void put(Cell& cell, const T& value) {
    if constexpr (json::detail::is_a<T, std::optional>::value) {
        if (value) return put(cell, *value);
        cell.kind = kind_of<T>();
        cell.state = soci::i_null;
    } else if constexpr (std::is_integral_v<T>) {
        cell.set(static_cast<long long>(value));
    } else if constexpr (std::is_same_v<T, Time>) {
        cell.set(static_cast<long long>(value.time_since_epoch().count()));
    } else if constexpr (detail::Counted<T>) {
        cell.set(static_cast<long long>(value.count));
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
        cell.set(std::string_view(value));
    } else if constexpr (json::detail::IsId<T>) {
        cell.set(std::string_view(value.text));
    } else if constexpr (json::detail::Enum<T>) {
        cell.set(std::string_view(json::enum_name(value)));
    } else {
        cell.set(std::string_view(json::write(json::to_json(value))));
    }
}

template <class T>
void take(const Cell& cell, T& value) {
    const bool null = cell.state == soci::i_null;
    if constexpr (json::detail::is_a<T, std::optional>::value) {
        if (null) return value.reset();
        typename T::value_type entry{};
        take(cell, entry);
        value = std::move(entry);
    } else if (null) {
        value = T{};
    } else if constexpr (std::is_same_v<T, bool>) {
        value = cell.number != 0;
    } else if constexpr (std::is_integral_v<T>) {
        value = static_cast<T>(cell.number);
    } else if constexpr (std::is_same_v<T, Time>) {
        value = Time(Duration(cell.number));
    } else if constexpr (detail::Counted<T>) {
        value.count = cell.number;
    } else if constexpr (std::is_same_v<T, std::string>) {
        value = cell.text;
    } else if constexpr (json::detail::IsId<T>) {
        value.text = cell.text;
    } else if constexpr (json::detail::Enum<T>) {
        value = json::parse_enum<T>(cell.text);
    } else {
        value = T{};
        json::read(json::parse(cell.text), value);
    }
}

/// What a table is called and which columns it has; see tables.hpp. `visit(v, row)` calls for each column,
/// always in the same order and the key first:
///     v.fixed(name, member)     written once
///     v.column(name, member)    written again by an update
///     v.derived(name, make)     the text that `make()` gives, written for searches and never read
///     v.elsewhere(name, member) read with the row, written by statements of its own
template <class Row>
struct Table;

/// The columns of a table, by what is done with them.
class Columns {
  public:
    enum Part { inserted, updated, read };

    template <class T>
    void fixed(std::string_view name, const T&) {
        add(inserted, name, kind_of<T>());
        add(read, name, kind_of<T>());
    }
    template <class T>
    void column(std::string_view name, const T& value) {
        fixed(name, value);
        add(updated, name, kind_of<T>());
    }
    template <class Text>
    void derived(std::string_view name, Text) {
        add(inserted, name, CellKind::text);
        add(updated, name, CellKind::text);
    }
    template <class T>
    void elsewhere(std::string_view name, const T&) {
        add(read, name, kind_of<T>());
    }

    /// The names of a part, separated by commas; the same with each name put into `shape`, as `{}` of fmt.
    std::string list(Part part) const;
    std::string parameters(Part part, std::string_view shape) const;
    const std::string& key() const { return names_[inserted].front(); }
    /// The kinds of a part's parameters or results; an update has the key after all others.
    Kinds kinds(Part part) const;

  private:
    void add(Part part, std::string_view name, CellKind kind) {
        names_[part].emplace_back(name);
        kinds_[part].push_back(kind);
    }
    std::vector<std::string> names_[3];
    Kinds kinds_[3];
};

template <class Row>
Columns columns_of() {
    Columns columns;
    const Row row{};
    Table<Row>::visit(columns, row);
    return columns;
}

/// For `rows` rows in one statement; their parameters follow each other.
std::string insert_sql(std::string_view table, const Columns& columns, std::size_t rows = 1);
std::string update_sql(std::string_view table, const Columns& columns);

namespace detail {

/// Writes a row into cells: all columns of an insert, or those of an update and then the key.
template <class CellAt>
struct RowWriter {
    CellAt at;
    bool changes_only;
    std::size_t place = 0;
    Cell key{};
    bool first = true;

    template <class T>
    void fixed(std::string_view, const T& value) {
        if (first && changes_only) put(key, value);
        first = false;
        if (!changes_only) put(at(place++), value);
    }
    template <class T>
    void column(std::string_view, const T& value) {
        put(at(place++), value);
    }
    template <class Text>
    void derived(std::string_view, Text text) {
        put(at(place++), text());
    }
    template <class T>
    void elsewhere(std::string_view, const T&) {}
};

template <class Results>
struct RowReader {
    const Results& results;
    std::size_t place = 0;

    template <class T>
    void fixed(std::string_view, T& value) {
        take(results.result(place++), value);
    }
    template <class T>
    void column(std::string_view, T& value) {
        take(results.result(place++), value);
    }
    template <class Text>
    void derived(std::string_view, Text) {}
    template <class T>
    void elsewhere(std::string_view, T& value) {
        take(results.result(place++), value);
    }
};

}  // namespace detail

template <class Row, class CellAt>
void put_row(const Row& row, CellAt at) {
    detail::RowWriter<CellAt> writer{at, false};
    Table<Row>::visit(writer, row);
}

template <class Row, class CellAt>
void put_changes(const Row& row, CellAt at) {
    detail::RowWriter<CellAt> writer{at, true};
    Table<Row>::visit(writer, row);
    at(writer.place) = writer.key;
}

template <class Row, class Results>
Row take_row(const Results& results) {
    Row row{};
    detail::RowReader<Results> reader{results};
    Table<Row>::visit(reader, row);
    return row;
}

}  // namespace berth::store
