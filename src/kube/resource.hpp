#pragma once

#include <string>
#include <string_view>

namespace berth::kube {

/// A kind of object, by the path under which an API server serves it.
struct Resource {
    std::string_view group;  ///< Empty: the core group.
    std::string_view version;
    std::string_view plural;
    std::string_view kind;
    bool namespaced = true;
};

inline constexpr Resource pods{"", "v1", "pods", "Pod"};
inline constexpr Resource services{"", "v1", "services", "Service"};
inline constexpr Resource secrets{"", "v1", "secrets", "Secret"};
inline constexpr Resource config_maps{"", "v1", "configmaps", "ConfigMap"};
inline constexpr Resource claims{"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"};
inline constexpr Resource events{"", "v1", "events", "Event"};
inline constexpr Resource namespaces{"", "v1", "namespaces", "Namespace", false};
inline constexpr Resource nodes{"", "v1", "nodes", "Node", false};
inline constexpr Resource definitions{"apiextensions.k8s.io", "v1", "customresourcedefinitions",
                                      "CustomResourceDefinition", false};
inline constexpr Resource admission_policies{
    "admissionregistration.k8s.io", "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", false};
inline constexpr Resource admission_bindings{"admissionregistration.k8s.io", "v1",
                                             "validatingadmissionpolicybindings",
                                             "ValidatingAdmissionPolicyBinding", false};
inline constexpr Resource resource_quotas{"", "v1", "resourcequotas", "ResourceQuota"};
inline constexpr Resource limit_ranges{"", "v1", "limitranges", "LimitRange"};
inline constexpr Resource endpoint_slices{"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"};
inline constexpr Resource network_policies{"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"};
inline constexpr Resource ingresses{"networking.k8s.io", "v1", "ingresses", "Ingress"};
inline constexpr Resource http_routes{"gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute"};

/// Which object.
struct Key {
    std::string namespace_;  ///< Empty for kinds that belong to no namespace.
    std::string name;
    auto operator<=>(const Key&) const = default;
};

/// `v1`, `networking.k8s.io/v1`.
std::string api_version(const Resource& resource);

/// The path of one object, or with an empty name of all of a namespace, or with both empty of all.
std::string path_of(const Resource& resource, const Key& key, std::string_view subresource = {});

/// Of two versions of one object the later is greater. They are decimal numbers that only grow
/// (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions).
bool is_older(std::string_view version, std::string_view than);

}  // namespace berth::kube
