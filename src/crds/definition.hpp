#pragma once

#include "base/json.hpp"

/// The objects that make a cluster know the custom resources.
namespace berth::crds {

/// The CustomResourceDefinitions (apiextensions.k8s.io/v1) of Template, Session and Workspace, in that order.
///
/// None has a `scale` subresource: it asks for a number of replicas, and each of these is one thing.
json::array definitions();

/// The two ValidatingAdmissionPolicies (admissionregistration.k8s.io/v1), each with its binding. They fail
/// closed.
///
/// A definition sees only the object; this sees who asks. Whoever makes a session or workspace is its user,
/// and only its user changes or removes it, unless RBAC grants them the verb `launch-as` there. A status is
/// written only by those who have that. And nobody else gives one of the three kinds metadata without end.
json::array policies();

}  // namespace berth::crds
