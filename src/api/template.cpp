#include <fmt/format.h>

#include <algorithm>

#include "acts/managed.hpp"
#include "acts/template.hpp"
#include "api/idempotency.hpp"
#include "api/operations.hpp"
#include "api/problem.hpp"
#include "api/rows.hpp"
#include "api/services.hpp"
#include "base/yaml.hpp"
#include "plan/values.hpp"

namespace berth::api {
namespace {

/// The document of the request, read and checked as a whole.
NamedSpec read_document(const view::TemplateDocument& body) {
    if (body.document.has_value() == body.yaml.has_value())
        throw Error(Kind::invalid, "invalid_field", "expected exactly one of document and yaml");
    auto named = parse_template(body.yaml ? yaml::parse(*body.yaml) : json::value(*body.document));
    plan::check_values(named.spec);
    return named;
}

/// Of several images the state that says most about why the template cannot start yet.
int badness(ImageState state) {
    switch (state) {
        case ImageState::missing:
            return 3;
        case ImageState::pulling:
            return 2;
        case ImageState::unknown:
            return 1;
        case ImageState::present:
            return 0;
    }
    return 0;
}

view::TemplateImage image_of(const engine::Engine& engine, const TemplateSpec& spec) {
    view::TemplateImage worst{.state = ImageState::present};
    for (const auto& image : images_of(spec)) {
        const auto seen = engine.image_state(image);
        if (badness(seen.state) <= badness(worst.state)) continue;
        worst = {.state = seen.state, .message = seen.message, .progress = seen.progress};
    }
    return worst;
}

view::Template template_view(const Template& row) {
    return {.name = row.name,
            .revision = row.revision,
            .display_name = row.spec.display_name,
            .description = row.spec.description,
            .category = row.spec.category,
            .icon = row.spec.icon,
            .tags = row.spec.tags,
            .owner = row.owner,
            .created_at = row.created_at,
            .updated_at = row.updated_at,
            .spec = row.spec};
}

void fill_image(const Services& services, view::Template& seen) {
    const auto found = services.engines.find(services.default_engine);
    if (found == services.engines.end()) return;
    seen.image = image_of(*found->second, seen.spec);
    for (const auto& component : seen.spec.components)
        if (component.resources.gpu && !found->second->has_gpus())
            seen.image = {.state = ImageState::missing,
                          .message = "component " + quoted(component.name) +
                                     " wants a GPU, which this engine cannot give"};
}

NamedSpec read_named(const view::TemplateDocument& body, const std::string& name) {
    auto named = read_document(body);
    if (named.name != name)
        throw Error(Kind::invalid, "invalid_field",
                    "metadata.name: the document is " + quoted(named.name) + ", the address " + quoted(name));
    return named;
}

/// `components[0].image: expected…` tells its path; `"spec.imgae" is not a known key` too.
view::FieldProblem field_problem(const Error& error) {
    view::FieldProblem problem{.message = error.user, .next = error.next};
    const std::string_view text = error.user;
    const auto colon = text.find(": ");
    const auto quote = text.find('"', 1);
    if (text.starts_with('"') && quote != std::string_view::npos)
        problem.path = text.substr(1, quote - 1);
    else if (colon != std::string_view::npos && text.substr(0, colon).find(' ') == std::string_view::npos)
        problem.path = text.substr(0, colon);
    return problem;
}

view::Revision revision_view(const TemplateRevision& row) {
    return {.name = row.name,
            .revision = row.revision,
            .created_at = row.created_at,
            .spec = row.spec,
            .digests = row.digests};
}

}  // namespace

Task<view::List<view::Template>> list_templates(Call call, Params<view::TemplateQuery> query) {
    auto wanted = list_query(query);
    filter(wanted, "category", query.category);
    auto read = [caller = call.caller(), wanted](store::Rows& rows) {
        return rows.list_templates(caller, wanted);
    };
    const auto page = co_await call.services->store.read(std::move(read));
    view::List<view::Template> list{.total = page.total, .next = page.next};
    for (const auto& row : page.items) {
        list.items.push_back(template_view(row));
        fill_image(*call.services, list.items.back());
    }
    co_return list;
}

Task<Created<view::Template>> add_template(Call call, view::TemplateDocument body) {
    const auto named = read_document(body);
    const auto caller = call.caller();
    acts::require_allowed(caller, named.spec);
    // The answer is kept as it is written, so the image's state of this moment goes into it here.
    view::Template image_state{.spec = named.spec};
    fill_image(*call.services, image_state);
    auto write = [key = idempotency_key(call), caller, named, image = image_state.image,
                  now = call.services->now()](store::Tx& tx) {
        return create_once(tx, key, "/api/v1/templates", now, [&](store::Tx& inner) {
            auto seen = template_view(acts::make_template(inner, caller, named, now));
            seen.image = image;
            return seen;
        });
    };
    co_return co_await call.services->store.write(std::move(write));
}

Task<view::Template> get_template(Call call, std::string name) {
    auto read = [caller = call.caller(), name](store::Rows& rows) {
        return template_view(acts::find_template(rows, caller, name));
    };
    auto seen = co_await call.services->store.read(std::move(read));
    fill_image(*call.services, seen);
    co_return seen;
}

Task<view::Template> put_template(Call call, std::string name, view::TemplateDocument body) {
    const auto named = read_named(body, name);
    const auto caller = call.caller();
    acts::require_allowed(caller, named.spec);
    auto write = [caller, named, now = call.services->now()](store::Tx& tx) {
        const auto before = acts::find_template(tx, caller, named.name);
        if (before.spec != named.spec) acts::refuse_managed(tx, Noun::template_, named.name);
        return template_view(acts::change_template(tx, caller, named, now));
    };
    auto seen = co_await call.services->store.write(std::move(write));
    fill_image(*call.services, seen);
    co_return seen;
}

Task<Nothing> delete_template(Call call, std::string name) {
    auto write = [caller = call.caller(), name, now = call.services->now()](store::Tx& tx) {
        acts::delete_template(tx, caller, name, now);
    };
    co_await call.services->store.write(std::move(write));
    co_return Nothing{};
}

Task<view::List<view::Revision>> list_revisions(Call call, std::string name) {
    auto read = [caller = call.caller(), name](store::Rows& rows) {
        acts::find_template(rows, caller, name);
        return rows.list_revisions(caller, name);
    };
    const auto rows = co_await call.services->store.read(std::move(read));
    view::List<view::Revision> list{.total = std::ssize(rows)};
    for (const auto& row : rows) list.items.push_back(revision_view(row));
    co_return list;
}

Task<view::Revision> get_revision(Call call, std::string name, int revision) {
    auto read = [caller = call.caller(), name, revision](store::Rows& rows) {
        auto found = rows.find_revision(caller, name, revision);
        if (!found) throw acts::no_such("template");
        return revision_view(*found);
    };
    co_return co_await call.services->store.read(std::move(read));
}

Task<view::DryRun> dry_run_template(Call call, std::string name, view::TemplateDocument body) {
    view::DryRun result;
    try {
        const auto named = read_named(body, name);
        acts::require_allowed(call.caller(), named.spec);
        result.spec = named.spec;
        result.valid = true;
    } catch (const Error& error) {
        result.problems.push_back(field_problem(error));
    }
    co_return result;
}

Task<Accepted<view::Template>> prepare_template(Call call, std::string name) {
    auto& services = *call.services;
    auto read = [caller = call.caller(), name](store::Rows& rows) {
        return template_view(acts::find_template(rows, caller, name));
    };
    auto seen = co_await services.store.read(std::move(read));
    auto& engine = services.engine(services.default_engine);
    for (const auto& image : images_of(seen.spec)) {
        if (engine.image_state(image).state == ImageState::present) continue;
        co_await engine.prepare_image(image);
    }
    fill_image(services, seen);
    co_return Accepted<view::Template>{std::move(seen)};
}

}  // namespace berth::api
