#include <fmt/format.h>

#include <array>

#include "crds/cel.hpp"
#include "crds/definition.hpp"
#include "crds/kinds.hpp"

namespace berth::crds {
namespace {

constexpr int annotations_max = 32;
constexpr int annotations_size_max = 64 << 10;
constexpr std::string_view admission = "admissionregistration.k8s.io/v1";

/// The cluster's own controllers, which empty namespaces, remove what lost its owner and store things anew.
constexpr std::array<std::string_view, 4> controllers{
    "system:kube-controller-manager", "system:serviceaccount:kube-system:generic-garbage-collector",
    "system:serviceaccount:kube-system:namespace-controller",
    "system:serviceaccount:kube-system:storage-version-migrator-controller"};

json::object rule(json::array resources, json::array operations) {
    return {{"apiGroups", json::array{group}},
            {"apiVersions", json::array{"*"}},
            {"operations", std::move(operations)},
            {"resources", std::move(resources)}};
}

json::array with_status(const kube::Resource& first, const kube::Resource& second) {
    json::array names;
    for (const auto& kind : {first, second}) {
        names.emplace_back(kind.plural);
        names.push_back(json::value(fmt::format("{}/status", kind.plural)));
    }
    return names;
}

/// Asks RBAC only where it matters: variables are worked out when they are first used.
json::array variables(std::string_view resource) {
    return {json::object{{"name", "launchAs"},
                         {"expression", fmt::format("authorizer.group('{}').resource({})"
                                                    ".namespace(request.namespace).check('{}').allowed()",
                                                    group, resource, launch_as)}}};
}

/// Of what anybody may write into any object's metadata. Berth keeps and lists all of them: without these a
/// few objects of a megabyte each would cost it its memory. What `kubectl apply` notes down of a session and
/// of a workspace is small; of a template the server's own 256 KiB hold.
json::array bounds() {
    json::array list;
    const auto add = [&](const std::string& fits, const std::string& message) {
        list.push_back(json::object{
            {"expression", fits + " || variables.launchAs"}, {"reason", "Invalid"}, {"message", message}});
    };
    const std::pair<const char*, int> most[] = {
        {"finalizers", 8}, {"ownerReferences", 8}, {"labels", 64}, {"annotations", annotations_max}};
    for (const auto& [name, count] : most)
        add(fmt::format("!has(object.metadata.{0}) || size(object.metadata.{0}) <= {1}", name, count),
            fmt::format("metadata.{}: at most {}", name, count));
    // Not reckoned of more than that many: the one above refuses those.
    add(fmt::format("request.resource.resource == 'templates' || !has(object.metadata.annotations) || "
                    "size(object.metadata.annotations) > {} || object.metadata.annotations.map(key, "
                    "size(key) + size(object.metadata.annotations[key])).sum() <= {}",
                    annotations_max, annotations_size_max),
        fmt::format("metadata.annotations: at most {} bytes in all", annotations_size_max));
    return list;
}

json::object validation(std::string_view expression, const std::string& message) {
    return {{"expression", expression}, {"reason", "Forbidden"}, {"messageExpression", message}};
}

json::array validations() {
    const auto unless =
        fmt::format(" unless RBAC grants you the verb {} on ' + request.resource.resource", launch_as);
    return {validation("request.operation != 'CREATE' || object.spec.user == request.userInfo.username || "
                       "variables.launchAs",
                       "'spec.user must be ' + request.userInfo.username + '," + unless),
            validation("request.operation != 'UPDATE' || object.spec.user == oldObject.spec.user",
                       "'spec.user stays ' + oldObject.spec.user"),
            validation("request.operation == 'CREATE' || oldObject.spec.user == request.userInfo.username || "
                       "variables.launchAs",
                       "'it is ' + oldObject.spec.user + '\\'s: you cannot change or remove it" + unless),
            validation("!has(request.subResource) || request.subResource != 'status' || variables.launchAs",
                       "'its status is Berth\\'s: you cannot write it" + unless)};
}

json::object policy(std::string_view name, json::object what, json::array variables, json::array rules) {
    const auto ours = fmt::format("!(request.userInfo.username in {})", list_of(controllers));
    return {{"apiVersion", admission},
            {"kind", "ValidatingAdmissionPolicy"},
            {"metadata", {{"name", name}}},
            {"spec",
             {{"failurePolicy", "Fail"},
              {"matchConstraints", {{"resourceRules", json::array{std::move(what)}}}},
              {"matchConditions",
               json::array{json::object{{"name", "not-the-cluster-itself"}, {"expression", ours}}}},
              {"variables", std::move(variables)},
              {"validations", std::move(rules)}}}};
}

json::object binding(std::string_view name) {
    return {{"apiVersion", admission},
            {"kind", "ValidatingAdmissionPolicyBinding"},
            {"metadata", {{"name", name}}},
            {"spec", {{"policyName", name}, {"validationActions", json::array{"Deny"}}}}};
}

}  // namespace

json::array policies() {
    const json::array all{templates.plural, sessions.plural, workspaces.plural};
    return {policy(users_policy, rule(with_status(sessions, workspaces), {"CREATE", "UPDATE", "DELETE"}),
                   variables("request.resource.resource"), validations()),
            binding(users_policy),
            // Whoever may launch for others is trusted with this too, Berth above all.
            policy(bounds_policy, rule(all, {"CREATE", "UPDATE"}),
                   variables(fmt::format("'{}'", sessions.plural)), bounds()),
            binding(bounds_policy)};
}

}  // namespace berth::crds
