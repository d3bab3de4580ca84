#include <fmt/format.h>

#include "crds/crds.hpp"
#include "crds/definition.hpp"
#include "crds/pattern.hpp"

namespace berth::crds {
namespace {

constexpr std::string_view introduction = R"(# Custom resources

Written by `berth crds --docs`.

On Kubernetes everything that the API does with templates, sessions and workspaces can be done with `kubectl` too, under
the same quotas. Put the definitions and the admission policy there with

    berth crds | kubectl apply --server-side --force-conflicts -f -

The Helm chart carries both. Helm installs definitions but never changes them: after an upgrade run the line above.
Without them, or with older ones, Berth works and `kubectl` sees nothing; `berth doctor` says so, and Berth notices within
half a minute when they come.

    apiVersion: berth.dev/v1alpha1
    kind: Session
    metadata: {name: thesis, namespace: berth-sessions}
    spec: {user: ada, template: notebook}

    kubectl get berth                     everything of the three kinds
    kubectl get bses -o wide              sessions, with the reason where one failed
    kubectl explain sessions.spec         what this page says, from the cluster
    kubectl patch bses thesis --type merge -p '{"spec": {"state": "hibernated"}}'
    kubectl delete bses thesis            ends it; the workspace stays

A key that is not on this page belongs to a feature that this version does not have. `kubectl` refuses it (`--validate=strict`,
which is its default); a client that asks for less gets it dropped with a warning. What the definitions cannot judge
(a quota, a template that is not there, `${...}` that stands for nothing, a spec above 128 KiB) is said in the condition
`Accepted` and as an Event.

None of the kinds has a `scale` subresource: each of them is one thing.

## Both ways

Whatever there is has a resource in the namespace of the sessions' objects, whoever made it. *Who made it owns its spec.*

| made | its resource | others who change it |
|---|---|---|
| in Berth: page, API, command line | is made by Berth, with the annotation `berth.dev/row`; a session's is called as its host, a template's as the template | an edit with `kubectl` is reverted, with the Event `Reverted`; what vanishes is made again |
| with `kubectl` | is yours, and is marked with a label and a finalizer | the API refuses to rename or change it: 409, `managed_by_resource` |

- `spec.state` is an ask, in both. Where it is set and somebody asks for something else in Berth, it follows; `status.state`
  says in any case what was asked for last. Leave it out of what a GitOps tool applies, or that tool will ask again.
- The private template of a user has no resource: whoever reads the namespace would read it.
- A name in `spec.workspace` that the user has not is a new workspace. Who applies a Workspace and a Session on it at once
  should wait for the first to be accepted.
- Over quota, without its template or its user, a resource waits: `Accepted` is `False` and says why, and it is judged again
  when room comes, or what was missing.
- Deleting on either side ends both, and the workspace of a session stays. Only a deletion ends what stands behind a
  resource, also one that Berth sees later: the finalizer `berth.dev/mirror` keeps the resource until then. A workspace
  that is in use, and a session that is stopping, are kept that long too.
- Deleting the definitions or the namespace ends no session and no template in Berth; finalizers are let go. Where
  Berth does not run any more, nobody does that: delete the definitions before Berth, or take the finalizers away with
  `kubectl patch --type merge -p '{"metadata": {"finalizers": null}}'`.
- A resource with Berth's marks and without a row, such as a copy or one that a restored backup does not know, is reported and
  left alone.
- Status follows at once when something has arrived somewhere, and every five seconds on a long way.

## Who may do what

RBAC says who may make, change and remove the resources of a namespace. Whoever may make templates there publishes them,
as an administrator of Berth does: do not grant it to everybody. On sessions and workspaces the policy
`users.berth.dev` says besides, and refuses when it cannot be asked. Where it is missing, or Berth may not see it, Berth takes
no session and no workspace from `kubectl`, and neither asks nor deletions of one: `Accepted` is `False` with the reason
`NoPolicy` or `PolicyUnknown`, until it is there:

| | who |
|---|---|
| make one | the user in `spec.user`, who has to be called the same in the cluster and in Berth |
| change or remove one | its user |
| write its status | Berth |
| any of these for somebody else | whom RBAC grants the verb `launch-as` on `sessions` or `workspaces` of group `berth.dev` |
| make it another's | nobody |

The cluster's own controllers, which empty namespaces and collect what lost its owner, are let through.

    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: portal, namespace: berth-sessions}
    rules:
      - {apiGroups: [berth.dev], resources: [sessions], verbs: [get, list, watch, create, patch, delete, launch-as]}

**Who may read.** There is no policy for reading: whom RBAC lets `get` or `list` these kinds sees those of everybody in the
namespace. That is who has which session of which template, its name, address, phase and times, what Berth says of
why it failed, and its workspace with the claims; and each published template whole, so put no password in one. What a
session writes, its last lines when it fails among it, is not shown: ask Berth for that (`berth logs`).

The policy `bounds.berth.dev` keeps the metadata of all three small, since Berth remembers each of them: at most 8
finalizers, 8 owners, 64 labels and 32 annotations, which of a session or workspace are no more than 64 KiB in all. Whoever
has `launch-as` on sessions is not held to it. How many objects there are, a ResourceQuota says
(`count/sessions.berth.dev`).
)";

/// One line of the table of fields.
struct Line {
    std::string field, type, initial, limits, meaning;
};

/// A rule, and of what.
struct Refusal {
    std::string field, message;
};

struct Page {
    std::vector<Line> lines;
    std::vector<Refusal> refusals;
};

const json::value* find(const json::object& schema, std::string_view key) {
    return schema.if_contains(key);
}

std::string text_of(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : json::write(value);
}

std::string code(const std::string& text) {
    return "`" + text + "`";
}

/// Whether how long it is and what it looks like are said by its range.
bool is_amount(const json::object& schema) {
    const auto* pattern = find(schema, "pattern");
    return schema.contains("x-kubernetes-int-or-string") ||
           (pattern != nullptr && text_of(*pattern) == duration_pattern.expression);
}

std::string type_of(const json::object& schema) {
    if (schema.contains("x-kubernetes-int-or-string")) return "amount";
    if (is_amount(schema)) return "duration";
    if (const auto* format = find(schema, "format"); format != nullptr && *format == "date-time")
        return "time";
    if (const auto* items = find(schema, "items")) return "list of " + type_of(items->as_object());
    if (const auto* values = find(schema, "additionalProperties"))
        return "map to " + type_of(values->as_object());
    if (const auto* names = find(schema, "enum")) {
        std::string all;
        for (const auto& name : names->as_array()) all += (all.empty() ? "" : ", ") + code(text_of(name));
        return all;
    }
    return text_of(schema.at("type"));
}

void add(std::string& limits, const std::string& limit) {
    limits += (limits.empty() ? "" : "; ") + limit;
}

std::string words_of(std::string_view expression) {
    for (const auto& pattern : patterns)
        if (pattern.expression == expression) return std::string(pattern.words);
    return code(std::string(expression));
}

void add_text_limits(std::string& limits, const json::object& schema) {
    const auto* longest = find(schema, "maxLength");
    if (longest != nullptr && !is_amount(schema)) add(limits, "at most " + text_of(*longest) + " characters");
    if (const auto* pattern = find(schema, "pattern")) add(limits, words_of(text_of(*pattern)));
}

/// Whether it stands for itself: its rules are limits then, not how its parts fit together.
bool is_leaf(const json::object& schema) {
    const auto* items = find(schema, "items");
    return !schema.contains("properties") && (items == nullptr || !items->as_object().contains("properties"));
}

void add_rule_limits(std::string& limits, const json::object& schema) {
    const auto* rules = find(schema, "x-kubernetes-validations");
    if (rules == nullptr || !is_leaf(schema)) return;
    for (const auto& rule : rules->as_array()) add(limits, text_of(rule.at("message")));
}

std::string limits_of(const json::object& schema) {
    std::string limits;
    const auto say = [&](std::string_view key, std::string_view before, std::string_view after = {}) {
        if (const auto* found = find(schema, key))
            add(limits, fmt::format("{} {}{}", before, text_of(*found), after));
    };
    if (!is_amount(schema)) {
        say("minimum", "at least");
        say("maximum", "at most");
    }
    say("minItems", "at least");
    say("maxItems", "at most", " of them");
    say("maxProperties", "at most", " of them");
    if (const auto* keys = find(schema, "x-kubernetes-list-map-keys"))
        add(limits, "each " + code(text_of(keys->as_array().front())) + " once");
    add_text_limits(limits, schema);
    for (const auto* inner : {"items", "additionalProperties"})
        if (const auto* found = find(schema, inner)) add_text_limits(limits, found->as_object());
    add_rule_limits(limits, schema);
    return limits;
}

bool is_required(const json::object& owner, std::string_view key) {
    const auto* names = find(owner, "required");
    if (names == nullptr) return false;
    const auto& all = names->as_array();
    return std::find(all.begin(), all.end(), json::value(key)) != all.end();
}

std::string initial_of(const json::object& owner, std::string_view key, const json::object& schema) {
    if (is_required(owner, key)) return "required";
    const auto* initial = find(schema, "default");
    return initial == nullptr || initial->is_object() ? "" : code(text_of(*initial));
}

void add_refusals(Page& page, const json::object& schema, const std::string& path) {
    const auto* rules = find(schema, "x-kubernetes-validations");
    if (rules == nullptr || is_leaf(schema)) return;
    for (const auto& rule : rules->as_array()) page.refusals.push_back({path, text_of(rule.at("message"))});
}

void add_members(Page& page, const json::object& schema, const std::string& path) {
    add_refusals(page, schema, path);
    if (const auto* items = find(schema, "items")) return add_members(page, items->as_object(), path + "[]");
    const auto* properties = find(schema, "properties");
    if (properties == nullptr) return;
    for (const auto& entry : properties->as_object()) {
        const auto& member = entry.value().as_object();
        const auto name = path + "." + std::string(entry.key());
        page.lines.push_back({.field = name,
                              .type = type_of(member),
                              .initial = initial_of(schema, entry.key(), member),
                              .limits = limits_of(member),
                              .meaning = text_of(member.at("description"))});
        add_members(page, member, name);
    }
}

/// `|` would end a cell, also within a code span.
std::string cell(std::string_view text) {
    std::string escaped;
    for (const char letter : text) escaped += letter == '|' ? std::string("\\|") : std::string(1, letter);
    return escaped;
}

std::string spec_text(const Page& page) {
    std::string text = "\n| field | type | default | limits | meaning |\n|---|---|---|---|---|\n";
    for (const auto& line : page.lines)
        text += fmt::format("| `{}` | {} | {} | {} | {} |\n", line.field, cell(line.type), cell(line.initial),
                            cell(line.limits), cell(line.meaning));
    text += "\nRefused besides:\n";
    for (const auto& refusal : page.refusals)
        text +=
            fmt::format("- {}{}\n", refusal.field.empty() ? "" : code(refusal.field) + ": ", refusal.message);
    return text;
}

std::string status_text(const Page& page) {
    std::string text = "\n| status, written by Berth | type | meaning |\n|---|---|---|\n";
    for (const auto& line : page.lines)
        text += fmt::format("| `{}` | {} | {} |\n", line.field, cell(line.type), cell(line.meaning));
    return text;
}

std::string columns_text(const json::array& columns) {
    std::string text;
    for (const auto& column : columns) {
        add(text, text_of(column.at("name")));
        if (column.as_object().contains("priority")) text += " (`-o wide`)";
    }
    return text;
}

std::string kind_text(const json::object& definition) {
    const auto& spec = definition.at("spec").as_object();
    const auto& names = spec.at("names").as_object();
    const auto& served = spec.at("versions").as_array().front().as_object();
    const auto& root = served.at("schema").at("openAPIV3Schema").as_object();
    const auto& properties = root.at("properties").as_object();
    Page wanted, seen;
    add_refusals(wanted, root, "");
    add_members(wanted, properties.at("spec").as_object(), "spec");
    add_members(seen, properties.at("status").as_object(), "status");
    return fmt::format(
        "\n## {}\n\n{} `apiVersion: {}/{}`, in a namespace, `kubectl get {}`. Columns: {}.\n{}{}",
        text_of(names.at("kind")), text_of(root.at("description")), text_of(spec.at("group")),
        text_of(served.at("name")), text_of(names.at("shortNames").as_array().front()),
        columns_text(served.at("additionalPrinterColumns").as_array()), spec_text(wanted), status_text(seen));
}

}  // namespace

std::string reference_text() {
    std::string text(introduction);
    for (const auto& definition : definitions()) text += kind_text(definition.as_object());
    return text;
}

}  // namespace berth::crds
