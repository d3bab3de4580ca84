// What `berth doctor` tries.

#include <fmt/format.h>

#include "engine/kubernetes/kubernetes_engine.hpp"
#include "kube/refusal.hpp"

namespace berth::engine {

using namespace kubernetes;

Task<Check> KubernetesEngine::check_answers() {
    Check check{.name = "kubernetes"};
    try {
        const auto version = co_await client_.get_path("/version");
        check.passed = true;
        check.message = fmt::format("Kubernetes {} answers at {}:{}", kube::text_at(version, {"gitVersion"}),
                                    options_.cluster.address.host, options_.cluster.address.port);
    } catch (const Error& error) {
        check.message = error.user;
        check.fix = error.next.empty() ? "check --kubeconfig and --kube-context, and that the API server runs"
                                       : error.next;
    }
    co_return check;
}

/// Those that we made and that do not come to their end.
Task<Check> KubernetesEngine::check_homes() {
    Check check{.name = "namespaces", .passed = true};
    const auto homes = co_await read_homes();
    for (const auto& home : homes) {
        const auto why = read_namespace_end(home);
        if (why.empty() || !check.passed) continue;
        check.passed = false;
        check.message =
            fmt::format("namespace {} is {}", berth::quoted(kube::text_at(home, {"metadata", "name"})), why);
        check.fix = "what is named keeps it: remove that";
    }
    if (check.passed) check.message = fmt::format("{} namespaces of sessions", homes.size());
    co_return check;
}

Task<Check> KubernetesEngine::check_namespace() {
    if (options_.spread != Spread::shared) co_return co_await check_homes();
    Check check{.name = "namespace"};
    const auto there = co_await client_.find(kube::namespaces, {"", options_.namespace_});
    if (!there) {
        check.message = fmt::format("namespace {} is not there", berth::quoted(options_.namespace_));
        check.fix = "kubectl create namespace " + options_.namespace_;
        co_return check;
    }
    const auto level = kube::text_at(*there, {"metadata", "labels", "pod-security.kubernetes.io/enforce"});
    check.passed = level == "restricted";
    check.message = fmt::format("namespace {} enforces Pod Security Standard {}",
                                berth::quoted(options_.namespace_), level.empty() ? "none" : level);
    if (!check.passed)
        check.fix = fmt::format(
            "kubectl label namespace {} --overwrite "
            "pod-security.kubernetes.io/enforce=restricted",
            options_.namespace_);
    co_return check;
}

Task<Check> KubernetesEngine::check_storage() {
    Check check{.name = "storage"};
    const auto answer = co_await client_.get_path("/apis/storage.k8s.io/v1/storageclasses");
    const auto* items = kube::find_at(answer, {"items"});
    std::string found;
    if (items != nullptr && items->is_array())
        for (const auto& item : items->get_array()) {
            const auto name = kube::text_at(item, {"metadata", "name"});
            const bool chosen =
                options_.storage_class.empty()
                    ? kube::text_at(item, {"metadata", "annotations",
                                           "storageclass.kubernetes.io/is-default-class"}) == "true"
                    : name == options_.storage_class;
            if (chosen) found = name;
        }
    check.passed = !found.empty();
    check.message = check.passed ? fmt::format("storage class {}", berth::quoted(found))
                    : options_.storage_class.empty()
                        ? "no storage class is the default"
                        : fmt::format("storage class {} is not there", berth::quoted(options_.storage_class));
    if (!check.passed) check.fix = "make one the default, or name one with --storage-class";
    co_return check;
}

Task<std::vector<Check>> KubernetesEngine::examine() {
    std::vector<Check> checks;
    checks.push_back(co_await check_answers());
    if (!checks.front().passed) co_return checks;
    const auto add = [&](const char* name, Task<Check> work) -> Task<> {
        try {
            checks.push_back(co_await std::move(work));
        } catch (const Error& error) {
            checks.push_back({.name = name, .message = error.user, .fix = "give Berth the right to look"});
        }
    };
    co_await add("namespace", check_namespace());
    co_await add("storage", check_storage());
    for (const auto& check : options_.checks) co_await add("cluster", check(client_));
    co_return checks;
}

}  // namespace berth::engine
