#include <fmt/format.h>

#include "store/list.hpp"
#include "store/rows.hpp"

namespace berth::store {
namespace {

const ListShape& shape() {
    static const ListShape made{
        .key = "name",
        .newest = "-createdAt",
        .search = "search",
        .columns = {{"name", "name"},
                    {"displayName", "display_name"},
                    {"category", "category"},
                    {"owner", "coalesce(owner_id, '')", CellKind::text, ListColumn::filter_only, {}},
                    {"revision", "revision", CellKind::number},
                    {"createdAt", "created_at", CellKind::number, ListColumn::sort_only, {}},
                    {"updatedAt", "updated_at", CellKind::number, ListColumn::sort_only, {}}}};
    return made;
}

std::string search_text(const Template& template_) {
    const auto& spec = template_.spec;
    auto text = template_.name + "\n" + spec.display_name + "\n" + spec.category + "\n" + spec.description;
    for (const auto& tag : spec.tags) text += "\n" + tag;
    return fold(text);
}

/// The numbers of `Caller` as parameters: does it see everything, and who is it.
constexpr std::string_view visible = "(owner_id IS NULL OR owner_id = :caller OR :everything = 1)";

/// The same of a revision. A name may come again with another owner: what was published before, and then
/// withdrawn, is no revision of the template that somebody calls so now.
constexpr std::string_view revision_visible =
    "((owner_id IS NULL OR owner_id = :caller) AND EXISTS (SELECT 1 FROM template t WHERE t.name = "
    "template_revision.name AND coalesce(t.owner_id, '') = coalesce(template_revision.owner_id, '')) OR "
    ":everything = 1)";

struct Counter {
    int revision = 0;
    bool deleted = false;
};

}  // namespace

template <>
struct Table<Counter> {
    static constexpr const char* name = "template";
    template <class V, class Row>
    static void visit(V& v, Row& row) {
        v.elsewhere("revision", row.revision);
        v.elsewhere("CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END", row.deleted);
    }
};

std::optional<Template> SqlRows::find_template(const Caller& caller, std::string_view name) {
    static const auto tail = fmt::format("WHERE name = :name AND {}", visible);
    return db_.find<Template>(tail, name, caller.user, caller.everything);
}

Page<Template> SqlRows::list_templates(const Caller& caller, const Query& query) {
    Where where;
    if (!caller.everything) where.add("(owner_id IS NULL OR owner_id = {})", caller.user);
    return list<Template>(db_, shape(), query, std::move(where));
}

std::optional<TemplateRevision> SqlRows::find_revision(const Caller& caller, std::string_view name,
                                                       int revision) {
    static const auto tail =
        fmt::format("WHERE name = :name AND revision = :revision AND {}", revision_visible);
    return db_.find<TemplateRevision>(tail, name, revision, caller.user, caller.everything);
}

std::vector<TemplateRevision> SqlRows::list_revisions(const Caller& caller, std::string_view name) {
    if (!find_template(caller, name)) return {};
    static const auto tail =
        fmt::format("WHERE name = :name AND {} ORDER BY revision DESC", revision_visible);
    return db_.select<TemplateRevision>(tail, name, caller.user, caller.everything);
}

int SqlRows::insert_revision(const Template& newest) {
    const auto known = db_.find<Counter>("WHERE name = :name", newest.name);
    const int next = known ? known->revision + 1 : 1;
    if (!(known && known->deleted) && newest.revision != next)
        throw Error(Kind::conflict, "revision_conflict",
                    fmt::format("template {}: revision {} is not the next one, that is {}",
                                quoted(newest.name), newest.revision, next),
                    "read the template again, then save");
    const auto& spec = newest.spec;
    if (known)
        db_.run(
            "UPDATE template SET revision = :revision, owner_id = :owner, display_name = :display, category "
            "= :category, "
            "updated_at = :updated, deleted_at = NULL, search = :search WHERE name = :name",
            next, newest.owner, spec.display_name, spec.category, newest.updated_at, search_text(newest),
            newest.name);
    else
        db_.run(
            "INSERT INTO template (name, revision, owner_id, display_name, category, created_at, updated_at, "
            "search) "
            "VALUES (:name, :revision, :owner, :display, :category, :created, :updated, :search)",
            newest.name, next, newest.owner, spec.display_name, spec.category, newest.created_at,
            newest.updated_at, search_text(newest));
    const TemplateRevision revision{.name = newest.name,
                                    .revision = next,
                                    .spec = spec,
                                    .created_at = newest.updated_at,
                                    .owner = newest.owner};
    db_.insert(revision);
    return next;
}

void SqlRows::set_digest(std::string_view name, int revision, const std::string& image,
                         const std::string& digest) {
    auto found = find_revision(Caller::system(), name, revision);
    if (!found) require_changed(0, "template", name);
    if (!found->digests.emplace(image, digest).second) return;
    db_.run("UPDATE template_revision SET digests = :digests WHERE name = :name AND revision = :revision",
            found->digests, name, revision);
}

void SqlRows::delete_template(std::string_view name, Time at) {
    require_changed(
        db_.run("UPDATE template SET deleted_at = :at WHERE name = :name AND deleted_at IS NULL", at, name),
        "template", name);
}

}  // namespace berth::store
