#include "material.hpp"

#include "plan/session.hpp"

namespace berth {
namespace {

/// One part that is there already.
Task<SecretText> ready(std::shared_ptr<const SecretText> content) {
    co_return *content;
}

engine::MaterialFile file_of(acts::Vault& vault, acts::HandoverFile file) {
    engine::MaterialFile made{.path = std::move(file.path)};
    if (file.upload.id.empty()) {
        made.size = Bytes{static_cast<std::int64_t>(file.content.reveal().size())};
        made.parts = file.content.empty() ? 0 : 1;
        auto content = std::make_shared<const SecretText>(std::move(file.content));
        made.part = [content = std::move(content)](int) { return ready(content); };
    } else {
        made.size = file.upload.size;
        made.parts = acts::parts_of(file.upload);
        made.part = [&vault, upload = std::move(file.upload)](int number) {
            return vault.part(upload, number);
        };
    }
    return made;
}

Task<engine::Material> deliver(acts::Vault& vault, WorkloadId id, std::vector<SecretRef> refs) {
    auto handover = co_await vault.deliver(plan::session_of(id), std::move(refs));
    engine::Material material{.env = std::move(handover.env)};
    for (auto& file : handover.files) material.files.push_back(file_of(vault, std::move(file)));
    co_return material;
}

}  // namespace

engine::MaterialSource material_from(acts::Vault& vault) {
    return [&vault](WorkloadId id, std::vector<SecretRef> refs) {
        return deliver(vault, std::move(id), std::move(refs));
    };
}

}  // namespace berth
