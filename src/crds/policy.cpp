#include <fmt/format.h>

#include <array>

#include "crds/cel.hpp"
#include "crds/definition.hpp"
#include "crds/kinds.hpp"

namespace berth::crds {
namespace {

constexpr std::string_view policy_name = "users.berth.dev";
constexpr std::string_view admission = "admissionregistration.k8s.io/v1";

/// The cluster's own controllers, which empty namespaces, remove what lost its owner and store things anew.
constexpr std::array<std::string_view, 4> controllers{
    "system:kube-controller-manager", "system:serviceaccount:kube-system:generic-garbage-collector",
    "system:serviceaccount:kube-system:namespace-controller",
    "system:serviceaccount:kube-system:storage-version-migrator-controller"};

json::object with_status(const kube::Resource& first, const kube::Resource& second) {
    json::array names;
    for (const auto& kind : {first, second}) {
        names.emplace_back(kind.plural);
        names.push_back(json::value(fmt::format("{}/status", kind.plural)));
    }
    return {{"apiGroups", json::array{group}},
            {"apiVersions", json::array{"*"}},
            {"operations", json::array{"CREATE", "UPDATE", "DELETE"}},
            {"resources", std::move(names)}};
}

/// Asks RBAC only where it matters: variables are worked out when they are first used.
json::array variables() {
    return {
        json::object{{"name", "launchAs"},
                     {"expression", fmt::format("authorizer.group('{}').resource(request.resource.resource)"
                                                ".namespace(request.namespace).check('{}').allowed()",
                                                group, launch_as)}}};
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

json::object policy() {
    const auto ours = fmt::format("!(request.userInfo.username in {})", list_of(controllers));
    return {{"apiVersion", admission},
            {"kind", "ValidatingAdmissionPolicy"},
            {"metadata", {{"name", policy_name}}},
            {"spec",
             {{"failurePolicy", "Fail"},
              {"matchConstraints", {{"resourceRules", json::array{with_status(sessions, workspaces)}}}},
              {"matchConditions",
               json::array{json::object{{"name", "not-the-cluster-itself"}, {"expression", ours}}}},
              {"variables", variables()},
              {"validations", validations()}}}};
}

json::object binding() {
    return {{"apiVersion", admission},
            {"kind", "ValidatingAdmissionPolicyBinding"},
            {"metadata", {{"name", policy_name}}},
            {"spec", {{"policyName", policy_name}, {"validationActions", json::array{"Deny"}}}}};
}

}  // namespace

json::array policies() {
    return {policy(), binding()};
}

}  // namespace berth::crds
