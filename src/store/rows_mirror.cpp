#include "store/rows.hpp"

namespace berth::store {

std::optional<Mirrored> SqlRows::find_mirrored(Noun noun, std::string_view row) {
    return db_.find<Mirrored>("WHERE kind = :kind AND row_id = :row", noun, row);
}

std::optional<Mirrored> SqlRows::find_mirrored_by_uid(std::string_view uid) {
    return db_.find<Mirrored>("WHERE uid = :uid", uid);
}

std::vector<Mirrored> SqlRows::mirrored_after(Noun noun, std::string_view row, int limit) {
    return db_.select<Mirrored>("WHERE kind = :kind AND row_id > :row ORDER BY row_id LIMIT :limit", noun,
                                row, limit);
}

void SqlRows::put_mirrored(const Mirrored& mirrored) {
    delete_mirrored(mirrored.noun, mirrored.row);
    db_.insert(mirrored);
}

void SqlRows::delete_mirrored(Noun noun, std::string_view row) {
    db_.run("DELETE FROM mirror WHERE kind = :kind AND row_id = :row", noun, row);
}

}  // namespace berth::store
